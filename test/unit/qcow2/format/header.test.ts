import { describe, expect, it } from 'vitest';
import { hasDataFile, hasExtendedL2, parseHeader } from '../../../../electron/qcow2/format/header.ts';
import { FindingCollector } from '../../../../shared/finding-collector.ts';
import { formatCount } from '../../../../shared/text/offset.ts';

/** A version 3 header of a 10 GiB disk with 64 KiB clusters, with some fields changed. */
function headerBytes(change: (view: DataView) => void = () => {}, length = 112): Uint8Array {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x514649fb);
  view.setUint32(4, 3);
  view.setUint32(20, 16);
  view.setBigUint64(24, 10n * 2n ** 30n);
  view.setUint32(36, 20);
  view.setBigUint64(40, 0x30000n);
  view.setBigUint64(48, 0x10000n);
  view.setUint32(56, 1);
  view.setUint32(96, 4);
  view.setUint32(100, 112);
  change(view);
  return bytes;
}

function parse(bytes: Uint8Array) {
  const collector = new FindingCollector();
  const header = parseHeader(bytes, 'disk.qcow2', (cause, place) => collector.add(cause, place));
  return { header, findings: collector.list() };
}

const codeOf = (bytes: Uint8Array) => {
  try {
    parse(bytes);
    return 'none';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('parseHeader', () => {
  it('reads every field of version 3', () => {
    const { header, findings } = parse(headerBytes(view => view.setBigUint64(72, 0x17n)));
    expect(findings).toEqual([]);
    expect(header).toMatchObject({
      version: 3,
      clusterBits: 16,
      size: 10 * 2 ** 30,
      l1Size: 20,
      l1TableOffset: 0x30000,
      refcountTableOffset: 0x10000,
      refcountTableClusters: 1,
      refcountBits: 16,
      headerLength: 112,
      compressionType: 0,
    });
    expect(hasDataFile(header)).toBe(true);
    expect(hasExtendedL2(header)).toBe(true);
  });

  it('knows what version 2 leaves out', () => {
    const bytes = headerBytes(view => view.setUint32(4, 2)).fill(0xff, 72);
    const { header, findings } = parse(bytes.subarray(0, 72));
    expect(findings).toEqual([]);
    expect(header).toMatchObject({ version: 2, refcountBits: 16, headerLength: 72, incompatible: 0n });
  });

  it('names the code of what it cannot read', () => {
    expect(codeOf(new Uint8Array(3))).toBe('QCOW2_NOT_QCOW2');
    expect(codeOf(headerBytes(view => view.setUint32(4, 9)))).toBe('QCOW2_VERSION');
    expect(() => parse(headerBytes(view => view.setUint32(4, 9)))).toThrow(
      expect.objectContaining({ advice: expect.stringContaining('cowscope map --infer') }),
    );
    expect(codeOf(headerBytes().subarray(0, 80))).toBe('QCOW2_HEADER_CUT');
    expect(codeOf(headerBytes(view => view.setUint32(20, 0xffffffff)))).toBe('QCOW2_CLUSTER_BITS');
    const small = headerBytes(view => {
      view.setUint32(20, 13);
      view.setBigUint64(72, 0x10n);
    });
    expect(codeOf(small)).toBe('QCOW2_SUBCLUSTER_SIZE');
  });

  it('takes the largest size that is exact', () => {
    const { header } = parse(headerBytes(view => view.setBigUint64(24, 2n ** 53n - 512n)));
    expect(header.size).toBe(2 ** 53 - 512);
  });

  it.each([2n ** 53n, 2n ** 64n - 0xe2n])(
    'shows the first 8 PiB of a disk of %d bytes, with a finding of the exact size',
    size => {
      const { header, findings } = parse(headerBytes(view => view.setBigUint64(24, size)));
      expect(header).toMatchObject({ size: 2 ** 53 - 512, storedSize: size });
      expect(findings).toMatchObject([{ code: 'QCOW2_TOO_LARGE', severity: 'corruption', host: [[24, 8]] }]);
      expect(findings[0]?.what).toContain(`size is ${formatCount(size)} bytes`);
      expect(findings[0]?.evidence[0]?.value).toBe(`0x${size.toString(16).padStart(16, '0')}`);
    },
  );

  it.each([0, 103, 65_537, 0xffffffff])('reads no extensions behind a header of %d bytes', length => {
    const { header, findings } = parse(headerBytes(view => view.setUint32(100, length)));
    expect(header).toMatchObject({ headerLength: length, extensionsOffset: 65_536 });
    expect(findings).toMatchObject([{ code: 'QCOW2_HEADER_LENGTH', severity: 'corruption' }]);
  });

  it('cuts the size to whole sectors, with a finding', () => {
    const { header, findings } = parse(headerBytes(view => view.setBigUint64(24, 1025n)));
    expect(header).toMatchObject({ size: 1024, storedSize: 1025n });
    expect(findings).toMatchObject([{ code: 'QCOW2_SIZE_ODD', severity: 'note', host: [[24, 8]] }]);
  });

  it('reads on without the tables that cannot be', () => {
    const { header, findings } = parse(
      headerBytes(view => {
        view.setUint32(36, 0xffffffff);
        view.setUint32(56, 0xffffffff);
        view.setUint32(60, 0xffffffff);
      }),
    );
    expect(findings.map(({ code }) => code)).toEqual([
      'QCOW2_REFCOUNT_TABLE',
      'QCOW2_L1_TABLE',
      'QCOW2_SNAPSHOT_TABLE',
    ]);
    expect(findings[0]?.what).toBe(
      'the refcount table is too large: 4,294,967,295 clusters, at most 128 can be',
    );
    expect(header).toMatchObject({ l1Size: 0xffffffff, refcountTableClusters: 0, snapshotCount: 0 });
  });
});
