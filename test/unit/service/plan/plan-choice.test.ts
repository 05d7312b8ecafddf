import { describe, expect, it } from 'vitest';
import { chosenLayers } from '../../../../electron/service/plan/plan-choice.ts';
import { CowscopeError } from '../../../../shared/error.ts';
import type { LayerInfo } from '../../../../shared/model/layer.ts';
import type { PlanChoice } from '../../../../shared/model/plan/plan.ts';
import { layerInfo } from '../../../support/window/fake-chain.ts';

/** A choice; by qemu-img unless it names another job. */
type Choice = Partial<PlanChoice> & Pick<PlanChoice, 'operation'>;

/** A chain of so many layers, `/images/0.qcow2` to its top. */
function chainOf(count: number): LayerInfo[] {
  return Array.from({ length: count }, (_, index) => layerInfo(index, `${index}.qcow2`, 65_536));
}

/** The layers that a choice means as [target, from, base], or what is wrong with it. */
function chosen(count: number | readonly LayerInfo[], choice: Choice): unknown {
  const layers = typeof count === 'number' ? chainOf(count) : count;
  try {
    const { target, from, base } = chosenLayers(layers, { job: 'qemu-img', ...choice });
    return [target, from, base];
  } catch (error) {
    expect(error).toBeInstanceOf(CowscopeError);
    expect(error).toMatchObject({ code: 'USAGE', subject: layers.at(-1)?.path });
    return (error as CowscopeError).what;
  }
}

describe('a commit', () => {
  it.each<[Partial<PlanChoice>, number, unknown]>([
    [{}, 4, [2, 3, -1]],
    [{ from: '2' }, 4, [1, 2, -1]],
    [{ from: '3', into: '0' }, 4, [0, 3, -1]],
    [{ into: '0' }, 4, [0, 3, -1]],
    [{ job: 'active' }, 4, [2, 3, -1]],
    [{ job: 'active', into: '1' }, 4, [1, 3, -1]],
    [{ job: 'live' }, 4, [1, 2, -1]],
    [{ job: 'live', from: '1' }, 4, [0, 1, -1]],
    [{ job: 'live' }, 3, [0, 1, -1]],
    [{}, 1, 'there is no layer below to commit into'],
    [{ from: '0' }, 4, 'there is no layer below to commit into'],
    [{ job: 'live' }, 2, 'a live commit needs a layer between the top and the base'],
    [{ from: '1', into: '1' }, 4, 'layer 1 cannot be committed into layer 1'],
    [{ from: '0', into: '2' }, 4, 'layer 0 cannot be committed into layer 2'],
    [{ job: 'active', from: '2' }, 4, 'an active commit is about the top layer'],
    [{ job: 'live', from: '3' }, 4, 'a live commit is about layers below the top'],
  ])('of %j in a chain of %i layers', (choice, layers, expected) => {
    expect(chosen(layers, { ...choice, operation: 'commit' })).toEqual(expected);
  });
});

describe('a rebase', () => {
  it.each<[Partial<PlanChoice>, unknown]>([
    [{ base: '0' }, [3, 3, 0]],
    [{ from: '2', base: '0' }, [2, 2, 0]],
    [{ base: '0', unsafe: true }, [3, 3, 0]],
    [{ base: '1', job: 'live' }, [3, 3, 1]],
    [{}, 'it is not said onto which layer'],
    [{ base: '3' }, 'layer 3 cannot rest on layer 3'],
    [{ from: '1', base: '2' }, 'layer 1 cannot rest on layer 2'],
    [{ from: '0', base: '0' }, 'the layer has no backing file'],
    [{ base: '0', job: 'active' }, '--job active is about commits'],
    [{ base: '0', job: 'live', unsafe: true }, 'only qemu-img changes a link alone'],
    [{ from: '2', base: '0', job: 'live' }, 'libvirt has a running qemu pull into the top layer alone'],
  ])('of %j in a chain of four layers', (choice, expected) => {
    expect(chosen(4, { ...choice, operation: 'rebase' })).toEqual(expected);
  });
});

describe('what leaves a layer out', () => {
  it.each<[Choice, number, unknown]>([
    [{ operation: 'flatten' }, 4, [3, 3, -1]],
    [{ operation: 'flatten', from: '1' }, 4, [1, 1, -1]],
    [{ operation: 'flatten' }, 1, 'the layer has no backing file'],
    [{ operation: 'drop' }, 4, [3, 3, 1]],
    [{ operation: 'drop', from: '0' }, 4, [1, 1, -1]],
    [{ operation: 'drop', from: '1' }, 4, [2, 2, 0]],
    [{ operation: 'drop', from: '3' }, 4, 'a layer can be dropped that has another one above it'],
    [{ operation: 'drop' }, 1, 'a layer can be dropped that has another one above it'],
    [
      { operation: 'drop', from: '0', job: 'live' },
      4,
      'libvirt has a running qemu pull into the top layer alone',
    ],
    [{ operation: 'delete-snapshot', snapshot: '1' }, 4, [3, 3, -1]],
    [{ operation: 'delete-snapshot', snapshot: '1', from: '0', job: 'live' }, 4, [0, 0, -1]],
  ])('%j in a chain of %i layers', (choice, layers, expected) => {
    expect(chosen(layers, choice)).toEqual(expected);
  });
});

describe('a layer', () => {
  const from = (word: string, layers: readonly LayerInfo[] = chainOf(4)) =>
    chosen(layers, { operation: 'commit', from: word });

  it.each(['2', '2.qcow2', './2.qcow2', 'images/2.qcow2', '/images/2.qcow2'])('can be called %s', word => {
    expect(from(word)).toEqual([1, 2, -1]);
  });

  it.each(['4', '-1', '2.0', 'qcow2', 'ages/2.qcow2', ''])('of the name %j is not there', word => {
    expect(from(word)).toBe(`the chain has no layer ${JSON.stringify(word)}`);
  });

  it('whose name is that of another one is meant by its path or number alone', () => {
    const layers = chainOf(3).with(2, { ...layerInfo(2, '1.qcow2', 65_536), path: '/other/1.qcow2' });
    expect(from('1.qcow2', layers)).toBe('layers 1 and 2 are both called "1.qcow2"');
    expect(from('/images/1.qcow2', layers)).toEqual([0, 1, -1]);
    expect(from('other/1.qcow2', layers)).toEqual([1, 2, -1]);
  });
});
