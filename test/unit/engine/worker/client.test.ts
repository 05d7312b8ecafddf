import { EventEmitter } from 'node:events';
import { expect, test, vi } from 'vitest';
import { EngineClient } from '../../../../electron/engine/worker/client.ts';
import type { EngineThread } from '../../../../electron/engine/worker/engine-thread.ts';
import type { EnginePlan } from '../../../../electron/engine/worker/protocol.ts';

class FakeThread extends EventEmitter {
  postMessage(): void {}
  async terminate(): Promise<number> {
    this.emit('exit', 1);
    return 1;
  }
}

const PLAN = { layers: [], buildPyramid: false } as unknown as EnginePlan;

function client() {
  const thread = new FakeThread();
  const onStopped = vi.fn();
  const engine = new EngineClient(thread as unknown as EngineThread, { onStopped });
  return { thread, engine, onStopped };
}

test('a worker that ends by itself fails waiting and later requests, and is reported once', async () => {
  const { thread, engine, onStopped } = client();
  engine.open(PLAN).catch(() => {});
  const waiting = engine.ask('findings', {} as never);
  thread.emit('error', new Error('out of range'));
  thread.emit('exit', 1);
  await expect(waiting).rejects.toThrow("the engine's worker stopped");
  await expect(engine.ask('findings', {} as never)).rejects.toThrow("the engine's worker stopped");
  expect(onStopped).toHaveBeenCalledOnce();
  expect(onStopped.mock.calls[0]?.[0]).toMatchObject({ code: 'INTERNAL' });
});

test('a worker that is closed has not crashed', async () => {
  const { engine, onStopped } = client();
  await engine.close();
  expect(onStopped).not.toHaveBeenCalled();
});

test('a worker that ends before the plan of its chain is known fails the opening', async () => {
  const { thread, engine } = client();
  thread.emit('error', new Error('no memory'));
  await expect(engine.open(PLAN)).rejects.toThrow("the engine's worker stopped");
});
