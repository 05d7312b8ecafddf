import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  fromBytes,
  isTextPath,
  shownPath,
  systemPath,
  toBytePath,
} from '../../../../electron/chain/byte-path.ts';
import { sizeFindings } from '../../../../electron/chain/findings/sizes.ts';
import { probeSize } from '../../../../electron/chain/open-file.ts';

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

describe('sizeFindings', () => {
  it('says nothing of equal sizes', () => {
    expect(sizeFindings([1024, 1024, 1024])).toEqual([]);
  });

  it('warns of a short layer that hides what is below, and notes that it reads as zeros', () => {
    const half = 2 ** 19;
    expect(sizeFindings([2 ** 20, half, 2 ** 20])).toMatchObject([
      { code: 'CHAIN_LAYER_SHORTER', severity: 'hazard', layer: 1, guest: [[half, half]], bytesAtRisk: 0 },
      { code: 'CHAIN_LAYER_GROWN', severity: 'note', layer: 1, guest: [[half, half]], bytesAtRisk: 0 },
    ]);
  });

  it('names no offsets of the guest past the end of its disk', () => {
    expect(sizeFindings([2048, 1024])).toMatchObject([{ code: 'CHAIN_LAYER_SHORTER', layer: 1, guest: [] }]);
  });

  it('sees past a layer in between', () => {
    const [, , ofTop] = sizeFindings([3072, 1024, 2048]);
    expect(ofTop).toMatchObject({ layer: 2, what: expect.stringContaining('up to 3 KiB') });
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

it('says of a layer below no more than how far it reaches: its data is not looked at', () => {
  const [short] = sizeFindings([2 ** 20, 2 ** 19, 2 ** 20]);
  expect(short?.what).toMatch(
    /^it is 512 KiB long, and a layer below reaches past that point, up to 1 MiB: /,
  );
});
