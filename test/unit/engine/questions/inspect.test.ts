/** What the inspector says of guest offsets that are lost, compared with what qemu reads there. */
import { readFileSync, truncateSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { formatOffset } from '../../../../shared/text/offset.ts';
import { pokeU64 } from '../../../support/images/qcow2-builder.ts';
import { openSession, planFiles } from '../../../support/merge-session.ts';
import { buildImage } from '../../../support/qcow2-reading.ts';
import { run } from '../../../support/tools.ts';

const K64 = 65_536;

/** Whether qemu reads the cluster at guest offset `start` as zeros, or fails to. */
async function readByQemu(path: string, start: number): Promise<'zeros' | 'fails'> {
  const { stdout, stderr } = await run('qemu-io', [
    '-r',
    '-f',
    'qcow2',
    '-c',
    `read -P 0 ${start} 64k`,
    path,
  ]);
  const said = `${stdout}${stderr}`;
  if (said.includes('Input/output error')) return 'fails';
  expect(said).toMatch(/^read 65536\/65536/);
  expect(said).not.toContain('Pattern verification failed');
  return 'zeros';
}

test('data past the end of the file is lost where it would lie, and qemu’s answer is said', async () => {
  const { path, l2Offsets } = buildImage({
    size: 16 * K64,
    clusters: [
      { index: 1, kind: 'data', content: new Uint8Array(K64).fill(1) },
      { index: 2, kind: 'compressed', content: new Uint8Array(K64).fill(2) },
    ],
  });
  const table = l2Offsets.get(0) as number;
  const host = Number(readFileSync(path).readBigUInt64BE(table + 8) & 0x00ff_ffff_ffff_fe00n);
  truncateSync(path, host);
  const session = openSession(planFiles([path]));
  await session.read();

  const data = await session.ask('inspect', { offset: K64 + 5 });
  expect(await readByQemu(path, K64)).toBe('zeros');
  expect(data.sentence).toMatch(
    /^Reads as zeros: the data of .* would lie past the end of its file, so what was written here is lost\.$/,
  );
  expect(data.layers[0]?.hostOffset).toBe(-1);
  expect(data.layers[0]?.evidence.map(({ fact }) => fact)).toContain(
    `would lie at ${formatOffset(host + 5)}`,
  );

  const compressed = await session.ask('inspect', { offset: 2 * K64 });
  expect(await readByQemu(path, 2 * K64)).toBe('fails');
  expect(compressed.sentence).toContain('Reading fails here (I/O error): the compressed data of');
  expect(compressed.layers[0]?.hostOffset).toBe(-1);
});

test('a sentence names the layers that are hidden from the top down, and of many says how many', async () => {
  const paths = Array.from({ length: 6 }, (_, i) => {
    const kinds = i === 3 ? [] : [{ index: 1, kind: 'data' as const }];
    return buildImage({ size: 16 * K64, clusters: kinds }).path;
  });
  const sentenceOf = async (files: readonly string[]) => {
    const session = openSession(planFiles(files));
    await session.read();
    const { sentence } = await session.ask('inspect', { offset: K64 });
    return files.reduce((text, path, i) => text.replaceAll(basename(path), `layer ${i}`), sentence);
  };
  expect(await sentenceOf(paths.slice(0, 2))).toContain('Hides what layer 0 holds here.');
  expect(await sentenceOf(paths.slice(0, 3))).toContain('Hides what layer 1 and layer 0 hold here.');
  expect(await sentenceOf(paths.slice(0, 5))).toContain('Hides what layer 2, layer 1 and layer 0 hold here.');
  expect(await sentenceOf(paths)).toContain('Hides what layer 4, layer 2 and 2 more hold here.');
});

test('what a damaged entry describes is lost, and not said to lie anywhere', async () => {
  const built = buildImage({ size: 16 * K64, clusters: [{ index: 1, kind: 'data' }] });
  pokeU64(built.source.fd, (built.l2Offsets.get(0) as number) + 8, 0x8000_0000_0005_0200n);
  const session = openSession(planFiles([built.path]));
  await session.read();
  const { sentence, layers } = await session.ask('inspect', { offset: K64 });
  expect(sentence).toMatch(/^Lost in .*: the tables that describe it are damaged\.$/);
  expect(layers[0]?.hostOffset).toBe(-1);
  expect(await readByQemu(built.path, K64)).toBe('fails');
});
