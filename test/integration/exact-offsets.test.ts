/** Offsets above 2^53, of which a number in JavaScript loses the last digits. */
import { expect, it } from 'vitest';
import { checkImage } from '../../electron/qcow2/check/engine.ts';
import { openQcow2 } from '../../electron/qcow2/read/image.ts';
import { runToEnd } from '../../electron/qcow2/read/sliced-work.ts';
import { pokeU32, pokeU64 } from '../support/images/qcow2-builder.ts';
import { type BuiltImage, buildImage } from '../support/qcow2-reading.ts';

const SPEC = { size: 2 ** 20, clusters: [{ index: 0, kind: 'data' as const }] };

function findingsOf({ source }: BuiltImage) {
  const image = openQcow2(source);
  return [...image.findings, ...runToEnd(checkImage(image, { layer: 0 })).findings];
}

it('a bitmap table at 2^62 + 512 is named by all of its digits', () => {
  const image = buildImage({ ...SPEC, clusterBits: 9, bitmaps: [{ name: 'b', dirty: [[0, 512]] }] });
  pokeU64(image.source.fd, image.bitmapDirectoryOffset, 2n ** 62n + 512n);
  const past = findingsOf(image).find(({ code }) => code === 'QCOW2_METADATA_PAST_END');
  expect(past?.evidence.map(({ value }) => value)).toContain('0x4000000000000200');
});

it('a snapshot table at 2^63 + 1 lies between clusters and is no table past the end of the file', () => {
  const image = buildImage(SPEC);
  pokeU32(image.source.fd, 60, 1);
  pokeU64(image.source.fd, 64, 2n ** 63n + 1n);
  expect(findingsOf(image).map(({ code }) => code)).toEqual(['QCOW2_SNAPSHOT_TABLE']);
});

it('an encryption header at 2^62 + 1 is not on a cluster', () => {
  const place = new DataView(new ArrayBuffer(16));
  place.setBigUint64(0, 2n ** 62n + 1n);
  place.setBigUint64(8, 2n ** 20n);
  const extensions = [{ type: 0x0537be77, data: new Uint8Array(place.buffer) }];
  const image = buildImage({ ...SPEC, extensions });
  pokeU32(image.source.fd, 32, 2);
  const [found] = findingsOf(image);
  expect(found).toMatchObject({ code: 'QCOW2_ENCRYPTION_HEADER' });
  expect(found?.what).toContain('0x4000_0000_0000_0001, which is not a cluster boundary');
});

it('what a compressed cluster at 2^60 + 1 reaches is not said to be more than it is', () => {
  const image = buildImage({ ...SPEC, clusterBits: 9 });
  pokeU64(image.source.fd, image.l2Offsets.get(0) as number, (1n << 62n) | (2n ** 60n + 511n));
  const past = findingsOf(image).find(({ code }) => code === 'QCOW2_PAST_END');
  expect(past?.what).toContain('up to at least 0x1000_0000_0000_0000; missing past its end');
});
