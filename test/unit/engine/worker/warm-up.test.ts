/** The rehearsal of the first picture. */
import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { FromEngine } from '../../../../electron/engine/worker/protocol.ts';
import { warmUp } from '../../../../electron/engine/worker/warm-up.ts';
import type { TilesReply } from '../../../../shared/ipc/questions.ts';
import { PRESENT } from '../../../../shared/model/tile.ts';
import { temporaryFolder } from '../../../support/tools.ts';

const said = vi.hoisted((): FromEngine[] => []);

vi.mock(import('../../../../electron/engine/engine.ts'), async load => {
  const actual = await load();
  return {
    ...actual,
    createEngine: (post, openSource) =>
      actual.createEngine((message, transfer) => {
        said.push(message);
        post(message, transfer);
      }, openSource),
  };
});

const before = process.env.TMPDIR;
let folder: string;

beforeEach(() => {
  folder = temporaryFolder();
  process.env.TMPDIR = folder;
});

afterEach(() => {
  if (before === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = before;
});

test('draws a chain without any fault in it, and leaves nothing behind', async () => {
  await warmUp();
  expect(said.map(({ kind }) => kind)).not.toContain('findings');
  const { tiles } = (said.find(({ kind }) => kind === 'reply') as { value: TilesReply }).value;
  expect(tiles.map(({ track }) => track).sort()).toEqual([0, 0, 1, 1, 2, 2]);
  for (const { present } of tiles) for (const bits of present) expect(bits & ~PRESENT.damaged).not.toBe(0);
  for (const { present } of tiles) expect(present.some(bits => (bits & PRESENT.damaged) !== 0)).toBe(false);
  expect(readdirSync(folder)).toEqual([]);
});

test('that has no folder to be held in is let be', async () => {
  process.env.TMPDIR = `${folder}/not-there`;
  await expect(warmUp()).resolves.toBeUndefined();
});
