/** Which choices of the planner make sense, and the plan that each asks for. */
import { describe, expect, it } from 'vitest';
import {
  bracketOf,
  canBeFrom,
  canBeLive,
  initialChoice,
  operationsFor,
  type PlannerChoice,
  planChoiceOf,
  possibleChoice,
} from '../../../../../renderer/state/planner/planner-state.ts';
import type { LayerInfo } from '../../../../../shared/model/layer.ts';

function layersOf(count: number, snapshotsOf: readonly string[] = []): LayerInfo[] {
  return Array.from({ length: count }, (_, index) => ({
    index,
    name: `layer${index}`,
    path: `/images/layer${index}`,
    ...(index === count - 1 ? { qcow2: { snapshots: snapshotsOf.map(id => ({ id, name: `s${id}` })) } } : {}),
  })) as unknown as LayerInfo[];
}

const LAYERS = layersOf(4, ['1', '2']);
const chosen = (change: Partial<PlannerChoice>) =>
  possibleChoice(LAYERS, { ...initialChoice(LAYERS), ...change });

describe('the choices of the planner', () => {
  it('begin with a commit of the top into the layer below it', () => {
    expect(initialChoice(LAYERS)).toMatchObject({ operation: 'commit', from: 3, to: 2, isLive: false });
    expect(planChoiceOf(LAYERS, initialChoice(LAYERS))).toEqual({
      operation: 'commit',
      job: 'qemu-img',
      from: '/images/layer3',
      into: '/images/layer2',
    });
  });

  it('offer nothing for a single image without snapshots, and only the deletion of one with them', () => {
    expect(operationsFor(layersOf(1))).toEqual([]);
    expect(operationsFor(layersOf(1, ['1']))).toEqual(['delete-snapshot']);
    expect(initialChoice(layersOf(1, ['7']))).toMatchObject({
      operation: 'delete-snapshot',
      from: 0,
      snapshot: '7',
    });
    expect(operationsFor(layersOf(2))).toEqual(['commit', 'rebase', 'flatten', 'drop']);
  });

  it('keep the second layer below the first', () => {
    expect(chosen({ from: 2, to: 3 })).toMatchObject({ from: 2, to: 1 });
    expect(chosen({ from: 1, to: 2 })).toMatchObject({ from: 1, to: 0 });
    expect(chosen({ operation: 'rebase', from: 0 })).toMatchObject({ from: 3 });
    expect(chosen({ operation: 'drop', from: 3 })).toMatchObject({ from: 2 });
    expect([0, 1, 2, 3].map(index => canBeFrom(LAYERS, 'flatten', index))).toEqual([false, true, true, true]);
  });

  it('read all data on request, where a plan may depend on data', () => {
    expect(planChoiceOf(LAYERS, chosen({ readsAllData: true }))).toMatchObject({ readsAllData: true });
    expect(planChoiceOf(LAYERS, chosen({}))).not.toHaveProperty('readsAllData');
    expect(chosen({ operation: 'rebase', unsafe: true, readsAllData: true }).readsAllData).toBe(false);
    expect(chosen({ operation: 'delete-snapshot', readsAllData: true }).readsAllData).toBe(false);
  });

  it('call a commit by a running qemu active where the top takes part, and live below it', () => {
    expect(planChoiceOf(LAYERS, chosen({ isLive: true, unmaps: true }))).toMatchObject({
      job: 'active',
      unmaps: true,
    });
    expect(planChoiceOf(LAYERS, chosen({ isLive: true, from: 2, to: 0 }))).toMatchObject({ job: 'live' });
  });

  it('leave to qemu-img what a running qemu cannot do', () => {
    expect(canBeLive(LAYERS, chosen({ operation: 'flatten', from: 2 }))).toBe(false);
    expect(chosen({ operation: 'rebase', from: 3, to: 0, isLive: true })).toMatchObject({ isLive: true });
    expect(chosen({ operation: 'rebase', from: 2, to: 0, isLive: true })).toMatchObject({ isLive: false });
    expect(chosen({ operation: 'drop', from: 2, isLive: true })).toMatchObject({ isLive: true });
    expect(chosen({ operation: 'drop', from: 1, isLive: true })).toMatchObject({ isLive: false });
    expect(chosen({ operation: 'rebase', isLive: true, unsafe: true })).toMatchObject({ isLive: false });
    expect(chosen({ operation: 'commit', unsafe: true })).toMatchObject({ unsafe: false });
  });

  it('name the snapshot that is deleted, and the version that was chosen', () => {
    const choice = chosen({ operation: 'delete-snapshot', snapshot: '2', qemu: { major: 10, minor: 2 } });
    expect(planChoiceOf(LAYERS, choice)).toEqual({
      operation: 'delete-snapshot',
      job: 'qemu-img',
      from: '/images/layer3',
      snapshot: '2',
      qemu: { major: 10, minor: 2 },
    });
    expect(chosen({ operation: 'delete-snapshot', snapshot: 'gone' })).toMatchObject({ snapshot: '1' });
  });

  it('put the bracket around the layers that take part', () => {
    expect(bracketOf(chosen({ from: 3, to: 1 }))).toEqual({ low: 1, high: 3 });
    expect(bracketOf(chosen({ operation: 'drop', from: 1 }))).toEqual({ low: 1, high: 2 });
    expect(bracketOf(chosen({ operation: 'flatten', from: 2 }))).toEqual({ low: 0, high: 2 });
    expect(bracketOf(chosen({ operation: 'delete-snapshot' }))).toEqual({ low: 3, high: 3 });
  });
});
