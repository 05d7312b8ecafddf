/** The small chain that warms up a thread. */
import { expect, test, vi } from 'vitest';
import type { FromEngine } from '../../../../electron/engine/worker/protocol.ts';
import { warmUp } from '../../../../electron/engine/worker/warm-up.ts';
import type { TilesReply } from '../../../../shared/ipc/questions.ts';
import { PRESENT } from '../../../../shared/model/tile.ts';

const posted = vi.hoisted((): FromEngine[] => []);

vi.mock(import('../../../../electron/engine/engine.ts'), async load => {
  const { Engine } = await load();
  return {
    Engine: class extends Engine {
      constructor(...[post, openSource]: ConstructorParameters<typeof Engine>) {
        super((message, transfer) => {
          posted.push(message);
          post(message, transfer);
        }, openSource);
      }
    },
  };
});

test('the warm-up draws a chain of two layers without a finding', async () => {
  await warmUp();
  expect(posted.map(({ kind }) => kind)).not.toContain('findings');
  const { tiles } = (posted.find(({ kind }) => kind === 'reply') as { value: TilesReply }).value;
  expect(tiles.map(({ track }) => track).sort()).toEqual([0, 0, 1, 1, 2, 2]);
  for (const { present } of tiles) for (const bits of present) expect(bits & ~PRESENT.damaged).not.toBe(0);
  for (const { present } of tiles) expect(present.some(bits => (bits & PRESENT.damaged) !== 0)).toBe(false);
});
