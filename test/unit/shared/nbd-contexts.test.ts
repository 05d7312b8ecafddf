import { expect, test } from 'vitest';
import { ABSENT, DIRTY, depthOf, HOLE, LOCAL, ZERO } from '../../../shared/extent/flags.ts';
import {
  bitmapNameOf,
  contextsToAsk,
  contextWithRole,
  decidingContext,
  knownContext,
  NBD_CONTEXTS,
  tellsLayers,
} from '../../../shared/nbd-contexts.ts';

test('a context name finds its row, a bitmap by its prefix, and an unknown name finds none', () => {
  for (const row of NBD_CONTEXTS) expect(contextWithRole(row.role)).toBe(row);
  expect(knownContext('base:allocation')?.role).toBe('allocation');
  expect(knownContext('qemu:dirty-bitmap:a:b')?.role).toBe('bitmap');
  expect(bitmapNameOf('qemu:dirty-bitmap:a:b')).toBe('a:b');
  expect(['base:allocation:', 'base:', 'qemu:dirty-bitmap', 'x:y'].map(knownContext)).toEqual(
    new Array(4).fill(undefined),
  );
});

test('qemu-nbd is asked for depth and bitmaps of an isolated layer and for neither of a raw one', () => {
  expect(contextsToAsk('isolatedLayer', ['a', 'b'])).toEqual([
    'base:allocation',
    'qemu:allocation-depth',
    'qemu:dirty-bitmap:a',
    'qemu:dirty-bitmap:b',
  ]);
  expect(contextsToAsk('rawLayer', [])).toEqual(['base:allocation']);
});

test('the two contexts of qemu are believed before the joint one, in whatever order they were granted', () => {
  const joint = 'qemu:joint-allocation';
  const names = [joint, 'x:y', 'qemu:allocation-depth', 'base:allocation'];
  expect(decidingContext(names, 'content')?.contextIndex).toBe(3);
  expect(decidingContext(names, 'owner')?.contextIndex).toBe(2);
  expect(decidingContext([joint], 'content')?.context.name).toBe(joint);
  expect(decidingContext(['x:y'], 'owner')).toBeUndefined();
  expect([names, [joint], []].map(tellsLayers)).toEqual([true, false, false]);
});

test('a value that a row reports is read back as the flags that it came from', () => {
  const flagsOf = (role: 'allocation' | 'depth' | 'joint' | 'bitmap', value: number) => {
    const row = contextWithRole(role);
    return (
      (row.content?.(value) ?? 0) | (row.owner?.(value, 'wholeChain') ?? 0) | (row.ownTable?.(value) ?? 0)
    );
  };
  for (const flags of [0, HOLE, ZERO, HOLE | ZERO])
    expect(flagsOf('allocation', contextWithRole('allocation').valueFor(flags, 1))).toBe(flags);
  for (const depth of [1, 2, 64]) {
    const flags = flagsOf('depth', contextWithRole('depth').valueFor(LOCAL, depth));
    expect([flags & LOCAL, depthOf(flags)]).toEqual([LOCAL, depth]);
  }
  expect(flagsOf('depth', contextWithRole('depth').valueFor(ABSENT, 0))).toBe(ABSENT);
  expect(flagsOf('joint', contextWithRole('joint').valueFor(HOLE, 1))).toBe(HOLE | LOCAL);
  expect(flagsOf('bitmap', contextWithRole('bitmap').valueFor(DIRTY, 0))).toBe(DIRTY);
});
