/** Where the extents of a table lie in their files, compared with qemu-img, and which findings touch them. */
import { truncateSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openSession, planFiles } from '../../../support/merge-session.ts';
import { buildImage } from '../../../support/qcow2-reading.ts';
import { qemuImg, run } from '../../../support/tools.ts';

const K64 = 65_536;
const cluster = (layer: number, at: number) => ({ layer, start: at * K64, end: (at + 1) * K64 });

interface MapRow {
  readonly start: number;
  readonly length: number;
  readonly offset?: number;
}

test('an extent lies where qemu-img says it does, and one that is stored nowhere lies nowhere', async () => {
  const { path } = buildImage({
    size: 16 * K64,
    clusters: [
      { index: 9, kind: 'data', content: new Uint8Array(K64).fill(1) },
      { index: 1, kind: 'data', content: new Uint8Array(K64).fill(2) },
    ],
  });
  const { stdout } = await run('qemu-img', ['map', '-f', 'qcow2', '--output=json', path]);
  const rows = JSON.parse(stdout) as readonly MapRow[];
  const offsetOf = (at: number) => {
    const row = rows.find(({ start, length }) => at * K64 >= start && at * K64 < start + length);
    return row?.offset === undefined ? -1 : row.offset + at * K64 - row.start;
  };
  const session = openSession(planFiles([path]));
  await session.read();
  const asked = [9, 1, 0, 15];
  const details = await session.ask('extentDetails', { extents: asked.map(at => cluster(0, at)) });
  expect(details.map(({ hostOffset }) => hostOffset)).toEqual(asked.map(offsetOf));
  expect(details.map(({ hostOffset }) => hostOffset >= 0)).toEqual([true, true, false, false]);
  expect(details.map(({ findings }) => findings)).toEqual([0, 0, 0, 0]);
});

test('a finding is named at the extents of its layer that it touches, and at no others', async () => {
  const { path } = buildImage({
    size: 4 * K64,
    clusters: [
      { index: 0, kind: 'data', content: new Uint8Array(K64).fill(1) },
      { index: 2, kind: 'data', content: new Uint8Array(K64).fill(2) },
    ],
  });
  const top = path.replace(/\.qcow2$/, '-top.qcow2');
  await qemuImg('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', path, top);
  const before = openSession(planFiles([path]));
  await before.read();
  const [found] = await before.ask('extentDetails', { extents: [cluster(0, 2)] });
  truncateSync(path, found?.hostOffset as number);
  const session = openSession(planFiles([path, top]));
  await session.read();
  const details = await session.ask('extentDetails', {
    extents: [cluster(0, 2), cluster(0, 0), cluster(1, 2), cluster(1, 7), cluster(5, 0)],
  });
  const { findings } = await session.ask('findings', { skip: 0, most: 9, severities: ['corruption'] });
  expect(findings).toHaveLength(1);
  expect(details[0]).toEqual({ hostOffset: -1, finding: findings[0]?.code, findings: 1 });
  expect(details.slice(1).map(({ finding }) => finding)).toEqual(['', '', '', '']);
  expect(details[1]?.hostOffset).toBeGreaterThan(0);
  expect(details.slice(2).map(({ hostOffset }) => hostOffset)).toEqual([-1, -1, -1]);
});
