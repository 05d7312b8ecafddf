import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  fromBytes,
  isTextPath,
  shownPath,
  systemPath,
  toBytePath,
} from '../../../electron/chain/byte-path.ts';
import { probeSize } from '../../../electron/chain/open-file.ts';
import { sizeNotes } from '../../../electron/chain/size-notes.ts';

describe('probeSize', () => {
  it.each([0, 1, 2, 3, 4, 5, 1023, 1024, 2 ** 31 + 7])('finds %d sectors in few reads', sectors => {
    let reads = 0;
    const readable = (offset: number) => {
      reads++;
      if (offset > sectors * 512) throw new Error('past the end');
      return offset + 512 <= sectors * 512;
    };
    expect(probeSize(readable)).toBe(sectors * 512);
    expect(reads).toBeLessThan(100);
  });

  it('ends on a device without an end', () => {
    expect(probeSize(() => true)).toBeGreaterThan(2 ** 50);
  });
});

describe('sizeNotes', () => {
  it('says nothing of equal sizes', () => {
    expect(sizeNotes([1024, 1024, 1024])).toEqual([[], [], []]);
  });

  it('warns of a short layer on both grounds', () => {
    const [base, middle, top] = sizeNotes([2 ** 20, 2 ** 19, 2 ** 20]);
    expect(base).toEqual([]);
    expect(middle?.[0]).toContain('hidden by its size');
    expect(middle?.[1]).toContain('reads as zeros');
    expect(top).toEqual([]);
  });

  it('sees past a layer in between', () => {
    expect(sizeNotes([3072, 1024, 2048])[2]?.[0]).toContain('reaches to 3 KiB');
  });
});

describe('byte paths', () => {
  it('carry any bytes unchanged', () => {
    fc.assert(
      fc.property(fc.uint8Array(), bytes => {
        expect(systemPath(fromBytes(bytes))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('carry any text unchanged', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), text => {
        expect(shownPath(toBytePath(text))).toBe(text);
        expect(isTextPath(toBytePath(text))).toBe(true);
      }),
    );
    expect(isTextPath(fromBytes(Buffer.from([0xff])))).toBe(false);
  });
});
