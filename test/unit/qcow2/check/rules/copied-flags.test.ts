import { expect, it } from 'vitest';
import { addCopiedFlag } from '../../../../../electron/qcow2/check/rules/copied-flags.ts';
import { FindingCollector } from '../../../../../shared/finding-collector.ts';

/** The finding of an entry with a flag that contradicts its refcount: its code, and the finding that explains it. */
function found(isCopied: boolean, stored: number, references: number, doubt = '') {
  const collector = new FindingCollector();
  addCopiedFlag(collector, {
    source: 'L2 entry 5',
    fileOffset: 40,
    hi: isCopied ? 0x8000_0000 : 0,
    lo: 0x50000,
    stored,
    references,
    guest: { guest: [65_536, 65_536] },
    doubt,
  });
  const [finding] = collector.list();
  return [finding?.code, finding?.causedBy, finding?.bytesAtRisk];
}

it.each([
  // A write goes in place although the cluster is shared: its data is at risk.
  [true, 2, 2, ['QCOW2_COPIED_SET', undefined, 65_536]],
  [true, 0, 2, ['QCOW2_COPIED_SET', undefined, 65_536]],
  // The flag is right, and the refcount is not.
  [true, 2, 1, ['QCOW2_COPIED_SET', 'QCOW2_REFCOUNT_HIGH', 0]],
  [true, 0, 1, ['QCOW2_COPIED_SET', 'QCOW2_REFCOUNT_ZERO', 0]],
  [false, 1, 2, ['QCOW2_COPIED_CLEAR', 'QCOW2_REFCOUNT_LOW', 0]],
  [false, 1, 1, ['QCOW2_COPIED_CLEAR', undefined, 0]],
] as const)('copied %s, refcount %i, references %i', (isCopied, stored, references, expected) => {
  expect(found(isCopied, stored, references)).toEqual(expected);
});

it('of a table that is garbage is explained by that, whatever the refcount is', () => {
  expect(found(true, 2, 2, 'QCOW2_FOREIGN_TABLE')).toEqual(['QCOW2_COPIED_SET', 'QCOW2_FOREIGN_TABLE', 0]);
  expect(found(false, 1, 1, 'QCOW2_FOREIGN_TABLE')).toEqual(['QCOW2_COPIED_CLEAR', 'QCOW2_FOREIGN_TABLE', 0]);
});

it('is shown with the flag, the refcount and the references', () => {
  const collector = new FindingCollector();
  const entry = { source: 'L1 entry 0', fileOffset: 8, hi: 0, lo: 0x10000, guest: {}, doubt: '' };
  addCopiedFlag(collector, { ...entry, stored: 1, references: 1 });
  expect(collector.list()[0]).toMatchObject({
    host: [[8, 8]],
    evidence: [
      {
        source: 'L1 entry 0',
        fileOffset: 8,
        value: '0x0000000000010000',
        bits: 'not copied, refcount 1, references 1',
      },
    ],
  });
});
