/** Clusters that are compressed with zstd, sound and damaged, against what qemu reads of them. */
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadZstdDecoder } from '../../electron/engine/worker/zstd-decoder.ts';
import { connectNbd } from '../../electron/nbd/client/client.ts';
import { parseNbdUri } from '../../electron/nbd/uri.ts';
import { zstdFrameAt } from '../../electron/qcow2/format/zstd-frame.ts';
import { type InflateFrame, inflateFrames } from '../../electron/qcow2/format/zstd-stream.ts';
import { openQcow2 } from '../../electron/qcow2/read/image.ts';
import { lookupCluster } from '../../electron/qcow2/read/lookup-cluster.ts';
import { createMap } from '../../electron/qcow2/read/map.ts';
import { readBytes } from '../../electron/qcow2/read/source.ts';
import { WordSet } from '../../shared/extent/page.ts';
import { Chance } from '../support/images/damage.ts';
import { openSource } from '../support/qcow2-reading.ts';
import { qemuImg, startQemuNbd, temporaryFolder } from '../support/tools.ts';

const CLUSTER = 16_384;
const CLUSTERS = 480;

/** Data with runs, repeated pieces and noise, so that frames have blocks of several kinds. */
function mixedData(chance: Chance): Uint8Array {
  const data = new Uint8Array(CLUSTER * CLUSTERS);
  for (let at = 0; at < data.length; ) {
    const length = 1 + chance.below(3000);
    const kind = chance.below(4);
    const part = data.subarray(at, at + length);
    if (kind === 0) part.fill(chance.below(256));
    else if (kind === 1 && at > 8000) data.copyWithin(at, at - 1 - chance.below(8000), at - 1);
    else for (let i = 0; i < part.length; i++) part[i] = chance.below(kind === 2 ? 16 : 256);
    at += length;
  }
  return data;
}

/** Damages the frame of a stream at `offset` of the file in one of several ways; returns false where it stays as it was. */
function damage(fd: number, stream: Uint8Array, offset: number, chance: Chance): boolean {
  const end = zstdFrameAt(stream)?.end ?? 0;
  const write = (at: number, bytes: Uint8Array) => writeSync(fd, bytes, 0, bytes.length, offset + at);
  const way = chance.below(5);
  const flipped = (at: number) => Uint8Array.of((stream[at] as number) ^ (1 << chance.below(8)));
  if (way === 1) {
    const at = chance.below(end);
    write(at, flipped(at));
  } else if (way === 2) {
    const at = chance.below(Math.min(end, 12)); // the headers of the frame and of its first block
    write(at, flipped(at));
  } else if (way === 3) {
    const at = chance.below(end);
    write(at, new Uint8Array(end - at));
  } else if (way === 4) {
    const at = chance.below(end);
    const other = chance.below(end);
    write(at, stream.slice(other, Math.min(end, other + 1 + chance.below(40))).subarray(0, end - at));
  }
  return way !== 0;
}

/** The cluster's bytes; undefined where the stream is damaged. */
function inflated(stream: Uint8Array, inflate: InflateFrame): Uint8Array | undefined {
  try {
    const bytes = inflateFrames(stream, CLUSTER, inflate);
    return bytes.length === CLUSTER ? bytes : undefined;
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** What qemu reads of the clusters at these offsets; undefined where it fails, after which it closes the connection. */
async function readByQemu(path: string, offsets: readonly number[]): Promise<(Uint8Array | undefined)[]> {
  const { uri, stop } = await startQemuNbd(['-f', 'qcow2', path]);
  const read: (Uint8Array | undefined)[] = [];
  let connection = await connectNbd(parseNbdUri(uri));
  for (const offset of offsets) {
    try {
      read.push(await connection.read(offset, CLUSTER));
    } catch {
      read.push(undefined);
      await connection.close();
      connection = await connectNbd(parseNbdUri(uri));
    }
  }
  await connection.close();
  await stop();
  return read;
}

test('a zstd cluster that qemu cannot read is damaged, and a sound one is read to the same bytes', async () => {
  const chance = new Chance(12);
  const folder = temporaryFolder();
  const [raw, path] = [join(folder, 'data.raw'), join(folder, 'zstd.qcow2')];
  const data = mixedData(chance);
  writeFileSync(raw, data);
  const options = `compression_type=zstd,cluster_size=${CLUSTER}`;
  await qemuImg('convert', '-c', '-f', 'raw', '-O', 'qcow2', '-o', options, raw, path);
  const map = createMap(openQcow2(openSource(path)), { words: new WordSet() });
  const offsets = Array.from({ length: CLUSTERS }, (_, i) => i * CLUSTER);
  const clusters = offsets
    .map(guest => ({ guest, ...lookupCluster(map, guest) }))
    .filter(({ compressedLength }) => compressedLength > 0);
  const fd = openSync(path, 'r+');
  const isDamaged = clusters.map(({ hostOffset, compressedLength }) =>
    damage(fd, readBytes(openSource(path), hostOffset, compressedLength), hostOffset, chance),
  );
  closeSync(fd);

  const decoder = await loadZstdDecoder();
  const theirs = await readByQemu(
    path,
    clusters.map(({ guest }) => guest),
  );
  const tally = { same: 0, 'refused by both': 0, 'refused here alone': 0, 'other garbage': 0 };
  clusters.forEach(({ guest, hostOffset, compressedLength }, i) => {
    const ours = inflated(readBytes(openSource(path), hostOffset, compressedLength), decoder);
    const real = theirs[i];
    const isSame = ours !== undefined && real !== undefined && Buffer.compare(ours, real) === 0;
    if (isDamaged[i] === false) {
      expect(isSame, `sound cluster at ${guest}`).toBe(true);
      expect(Buffer.compare(ours as Uint8Array, data.subarray(guest, guest + CLUSTER))).toBe(0);
    }
    if (real === undefined) expect(ours, `cluster at ${guest}, which qemu cannot read`).toBeUndefined();
    if (isSame) tally.same++;
    else if (real === undefined) tally['refused by both']++;
    else tally[ours === undefined ? 'refused here alone' : 'other garbage']++;
  });
  console.info(tally);
  // A fifth is sound. On 64-bit machines qemu reads much of the damage as garbage.
  expect(tally.same).toBeGreaterThan(clusters.length / 5);
  expect(tally['refused by both']).toBeGreaterThan(clusters.length / 5);
  expect(tally['other garbage']).toBeLessThan(clusters.length / 100);
});
