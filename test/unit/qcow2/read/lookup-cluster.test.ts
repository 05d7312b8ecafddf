import { describe, expect, it } from 'vitest';
import { openQcow2 } from '../../../../electron/qcow2/read/image.ts';
import { type ClusterDescription, lookupCluster } from '../../../../electron/qcow2/read/lookup-cluster.ts';
import { createMap } from '../../../../electron/qcow2/read/map.ts';
import { stateOf } from '../../../../shared/extent/flags.ts';
import { WordSet } from '../../../../shared/extent/page.ts';
import { formatRawValue } from '../../../../shared/text/offset.ts';
import { type ImageSpec, pokeU64 } from '../../../support/images/qcow2-builder.ts';
import { buildImage, mapWhole } from '../../../support/qcow2-reading.ts';

const K64 = 65_536;

function lookUp(spec: ImageSpec, offset: number): ClusterDescription {
  return lookupCluster(createMap(openQcow2(buildImage(spec).source), { words: new WordSet() }), offset);
}

describe('lookupCluster', () => {
  it('follows an offset through both tables to its byte in the file', () => {
    const found = lookUp({ size: 2 ** 30, clusters: [{ index: 8195, kind: 'data' }] }, 8195 * K64 + 77);
    expect(found).toMatchObject({
      clusterStart: 8195 * K64,
      l1Index: 1,
      l1Entry: '0x8000000000020000',
      l2TableOffset: 0x20000,
      l2Index: 3,
      l2EntryOffset: 0x20000 + 24,
      l2Entry: '0x8000000000030000',
      hostOffset: 0x30000 + 77,
    });
    expect(stateOf(found.word)).toBe('data');
    expect(found.evidence).toEqual([
      {
        fact: 'L2 table at 0x0002_0000, copied flag set (claims a refcount of 1)',
        source: 'L1 entry 1',
        value: '0x8000000000020000',
      },
      {
        fact: 'data, copied flag set (claims a refcount of 1)',
        source: 'L2 entry 3 at 0x0002_0018',
        value: '0x8000000000030000',
      },
      { fact: 'lies at 0x0003_004d', source: 'host offset', value: '0x3004d' },
    ]);
  });

  it('says where a compressed stream begins', () => {
    const content = new Uint8Array(K64).fill(5);
    const found = lookUp(
      { size: 2 ** 20, clusters: [{ index: 2, kind: 'compressed', content }] },
      2 * K64 + 9,
    );
    expect(found).toMatchObject({ hostOffset: 0x30000, compressedLength: 512 });
    expect(stateOf(found.word)).toBe('compressed');
  });

  it.each([
    ['a stream past 2^53', 9, 'compressed', 0x5800000000000001n, '0x1800000000000001', 3],
    ['a cluster past 2^53', 16, 'data', 0x80ffffffff000000n, '0xffffffff000003', 3],
  ] as const)('names every digit of where %s would lie', (_, clusterBits, kind, entry, host, byte) => {
    const content = new Uint8Array(2 ** clusterBits).fill(5);
    const { source } = buildImage({ size: 2 ** 20, clusterBits, clusters: [{ index: 0, kind, content }] });
    const look = () => lookupCluster(createMap(openQcow2(source), { words: new WordSet() }), byte);
    pokeU64(source.fd, look().l2EntryOffset, entry);
    const { evidence } = look();
    expect(evidence.at(-1)).toMatchObject({ source: 'host offset', value: host });
    expect(evidence.map(({ fact }) => fact).join()).toContain(`would lie at ${formatRawValue(host)}`);
  });

  it('names the subcluster and its bits', () => {
    const spec: ImageSpec = {
      size: 2 ** 20,
      clusterBits: 17,
      extendedL2: true,
      clusters: [{ index: 1, kind: 'subclusters', alloc: 0b10, zero: 0b100 }],
    };
    const found = lookUp(spec, 2 ** 17 + 4096 + 5);
    expect(found).toMatchObject({
      subcluster: 1,
      subclusterStart: 2 ** 17 + 4096,
      subclusterBitmap: '0x0000000400000002',
    });
    expect(found.hostOffset % K64).toBe(4096 + 5);
    expect(stateOf(found.word)).toBe('data');
    expect(stateOf(lookUp(spec, 2 ** 17 + 8192).word)).toBe('zeroAllocated');
    expect(stateOf(lookUp(spec, 2 ** 17).word)).toBe('reserved');
  });

  it('stops where there is no L2 table', () => {
    expect(lookUp({ size: 2 ** 30 }, 2 ** 29)).toMatchObject({
      l1Index: 1,
      l2TableOffset: -1,
      hostOffset: -1,
      l2Entry: '',
    });
  });

  it('says what is wrong before what it was taken for', () => {
    const bad = lookUp({ size: 2 ** 20, clusters: [{ index: 1, kind: 'entry', entry: 0x200n }] }, K64);
    expect(bad.evidence.map(({ fact }) => fact)).toEqual([
      'L2 table at 0x0002_0000, copied flag set (claims a refcount of 1)',
      'an L2 entry points at 0x0000_0200, which is not a cluster boundary',
      'unreadable',
    ]);
    const built = buildImage({ size: 2 ** 20, clusters: [{ index: 1, kind: 'data' }] });
    pokeU64(built.source.fd, built.l1Offset, 0x200n);
    const map = createMap(openQcow2(built.source), { words: new WordSet() });
    expect(stateOf(lookupCluster(map, 0).word)).toBe('unreadable');
  });

  it('agrees with the map everywhere', () => {
    const spec: ImageSpec = {
      size: 2 ** 22 + 512,
      clusterBits: 14,
      extendedL2: true,
      clusters: Array.from({ length: 200 }, (_, index) => ({
        index,
        kind: 'subclusters' as const,
        alloc: (index * 0x9e3779b1) & 0x0f0f0f0f,
        zero: (index * 0x85ebca6b) & 0xf0f0f0f0,
        host: index % 5 !== 0 || ((index * 0x9e3779b1) & 0x0f0f0f0f) !== 0,
      })),
    };
    const image = openQcow2(buildImage(spec).source);
    const map = createMap(image, { words: new WordSet() });
    for (const { start, length, word, host } of mapWhole(image))
      for (const offset of [start, start + length - 1]) {
        const found = lookupCluster(map, offset);
        expect(found.word).toBe(word);
        expect(found.hostOffset).toBe(host < 0 ? -1 : host + offset - start);
      }
  });
});
