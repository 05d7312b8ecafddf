/** The deep check: disks that fail, streams that cannot be decompressed, and data that is elsewhere. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadDeepOptions } from '../../../../electron/engine/worker/decompress.ts';
import type { DeepOptions } from '../../../../electron/qcow2/check/deep.ts';
import { checkImage, type ImageCheck } from '../../../../electron/qcow2/check/engine.ts';
import { compressionOf } from '../../../../electron/qcow2/format/compressed.ts';
import { openQcow2 } from '../../../../electron/qcow2/read/image.ts';
import { runToEnd } from '../../../../electron/qcow2/read/sliced-work.ts';
import type { ImageSource } from '../../../../electron/qcow2/read/source.ts';
import { pokeU64 } from '../../../support/images/qcow2-builder.ts';
import { buildImage, openSource } from '../../../support/qcow2-reading.ts';
import { qemuImg, qemuIo, temporaryFolder } from '../../../support/tools.ts';

const K64 = 65_536;
const DEEP_OPTIONS = await loadDeepOptions('zlib');

function deep(source: ImageSource, more: Partial<DeepOptions> = {}, dataFile?: ImageSource): ImageCheck {
  const options = { ...DEEP_OPTIONS, ...more };
  return runToEnd(checkImage(openQcow2(source), { layer: 0, deep: options, dataFile }));
}

/** A source that cannot read the bytes of [start, end). */
function failing(source: ImageSource, start: number, end: number): ImageSource {
  return {
    path: source.path,
    size: source.size,
    currentSize: () => source.currentSize(),
    bytesOnDisk: () => source.bytesOnDisk(),
    readAt(into, position) {
      if (position < end && position + into.length > start)
        throw Object.assign(new Error('i/o error'), { code: 'EIO' });
      return source.readAt(into, position);
    },
  };
}

const notDone = ({ steps }: ImageCheck) => steps.filter(({ done }) => !done);

describe('a deep check', () => {
  it('names exactly the clusters that the system cannot read', () => {
    const { source, l2Offsets } = buildImage({
      size: 2 ** 21,
      clusters: index => (index < 20 ? 'data' : 'unallocated'),
    });
    const data = (l2Offsets.get(0) as number) + K64;
    const { findings } = deep(failing(source, data + 3 * K64 + 100, data + 5 * K64));
    expect(findings).toMatchObject([
      {
        code: 'QCOW2_DATA_READ_FAILED',
        count: 2,
        guest: [[3 * K64, 2 * K64]],
        host: [[data + 3 * K64, 2 * K64]],
        bytesAtRisk: 2 * K64,
      },
    ]);
  });

  it('reads every cluster once', () => {
    const { source, path, l2Offsets } = buildImage({
      size: 2 ** 21,
      clusters: index => (index % 2 === 0 ? 'data' : 'zeroHole'),
      snapshots: [{ id: '1', name: 'one' }],
    });
    const table = readFileSync(path).subarray(l2Offsets.get(0)!);
    const data = Array.from({ length: 16 }, (_, i) =>
      Number(table.readBigUInt64BE(16 * i) & 0xff_ffff_ff00n),
    );
    const read = new Map(data.map(host => [host, 0]));
    const readAt = (into: Uint8Array, position: number) => {
      for (const host of data)
        if (host >= position && host < position + into.length) read.set(host, read.get(host)! + 1);
      return source.readAt(into, position);
    };
    const check = deep({ ...source, readAt });
    expect([check.findings, notDone(check)]).toEqual([[], []]);
    expect([...read.values()]).toEqual(data.map(() => 1));
  });

  it.each(['zlib', 'zstd'] as const)('finds nothing in streams of %s that qemu wrote', async type => {
    const path = `${temporaryFolder()}/${type}.qcow2`;
    await qemuImg('create', '-q', '-f', 'qcow2', '-o', `compression_type=${type}`, path, '4M');
    await qemuIo(path, 'write -c -P1 0 1M', 'write -c -P2 2M 64k');
    const check = deep(openSource(path), await loadDeepOptions(type));
    expect([check.findings, notDone(check)]).toEqual([[], []]);
  });

  it('says how much it could not decompress where the way to compress is not known', async () => {
    const { source } = buildImage({
      size: 2 ** 20,
      clusters: [{ index: 0, kind: 'compressed', content: new Uint8Array(K64) }],
    });
    const check = deep(source, await loadDeepOptions(compressionOf(2)));
    expect(notDone(check)).toMatchObject([{ name: 'compressed data', missing: true }]);
  });

  it('leaves out what an overwritten table names', () => {
    const { source, l2Offsets } = buildImage({
      size: 2 ** 21,
      clusters: index => (index < 20 ? 'data' : 'unallocated'),
    });
    for (let i = 0; i < K64 / 8; i++)
      pokeU64(source.fd, (l2Offsets.get(0) as number) + i * 8, 0x6162_6364_6566_6768n);
    const { findings } = deep(source);
    expect(findings.map(({ code }) => code)).toEqual([
      'QCOW2_LEAKED',
      'QCOW2_L2_INVALID',
      'QCOW2_LIKELY_CAUSE',
    ]);
  });

  it('needs the external data file', () => {
    const { source } = buildImage({
      size: 2 ** 20,
      dataFile: 'd.raw',
      clusters: [{ index: 1, kind: 'data' }],
    });
    expect(notDone(deep(source))).toMatchObject([{ name: 'reading of all data', missing: true }]);
    const check = deep(source, {}, failing(source, K64, K64 + 1));
    expect(check.findings).toMatchObject([{ code: 'QCOW2_DATA_READ_FAILED', guest: [[K64, K64]] }]);
  });

  it('is not missing where it was not asked for', () => {
    const { source } = buildImage({ size: 2 ** 20, clusters: [{ index: 1, kind: 'data' }] });
    const check = runToEnd(checkImage(openQcow2(source), { layer: 0 }));
    expect(notDone(check).map(({ missing }) => missing)).toEqual([false, false, false]);
  });
});
