import { serialize } from 'node:v8';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { answerCall, MAX_MESSAGE_BYTES, messageBytes } from '../../../../electron/shell/ipc/answer.ts';
import { CowscopeError } from '../../../../shared/error.ts';

const inspection = { sessionId: 1, offset: 0 };

test('a handler gets the checked argument and its value is the answer', async () => {
  const seen: unknown[] = [];
  const reply = await answerCall(
    'chain:seek',
    args => {
      seen.push(args);
      return 42;
    },
    true,
    { sessionId: 1, track: 0, from: 0, backwards: false, kind: 'change' },
  );
  expect(reply).toEqual({ ok: true, value: 42 });
  expect(seen).toEqual([{ sessionId: 1, track: 0, from: 0, backwards: false, kind: 'change' }]);
});

test('an untrusted sender or a bad argument never reaches the handler', async () => {
  const handler = () => expect.unreachable();
  const stranger = await answerCall('chain:inspect', handler, false, inspection);
  expect(stranger).toMatchObject({ ok: false, error: { code: 'IPC_UNTRUSTED_SENDER' } });
  const nonsense = await answerCall('chain:inspect', handler, true, { sessionId: 'x' });
  expect(nonsense).toMatchObject({ ok: false, error: { code: 'IPC_BAD_ARGUMENT' } });
});

test('what a handler throws arrives as a record of four texts, without its stack', async () => {
  const record = { code: 'QCOW2_BAD_MAGIC', what: 'no', subject: '/x', advice: 'do' };
  const known = await answerCall(
    'chain:inspect',
    () => Promise.reject(new CowscopeError(record)),
    true,
    inspection,
  );
  expect(known).toEqual({ ok: false, error: record });
  const unknown = await answerCall(
    'chain:inspect',
    () => {
      throw new TypeError('oops');
    },
    true,
    inspection,
  );
  expect(unknown).toEqual({ ok: false, error: expect.objectContaining({ code: 'INTERNAL', what: 'oops' }) });
  expect(JSON.stringify(unknown)).not.toContain('ipc-answer');
});

test('an answer of 1 MiB passes and a larger one is refused', async () => {
  const tiles = (bytes: number) => ({
    level: 0,
    version: 1,
    tiles: [
      {
        track: 0,
        tile: 0,
        present: new Uint32Array(0),
        parts: new Uint8Array(0),
        shares: new Uint8Array(bytes),
        runs: new Uint32Array(0),
        owners: new Int16Array(0),
      },
    ],
  });
  const ask = { sessionId: 1, level: 0, first: 0, count: 1 };
  const fits = await answerCall('chain:tiles', () => tiles(MAX_MESSAGE_BYTES - 1024), true, ask);
  expect(fits.ok).toBe(true);
  const large = await answerCall('chain:tiles', () => tiles(MAX_MESSAGE_BYTES), true, ask);
  expect(large).toMatchObject({ ok: false, error: { code: 'IPC_TOO_LARGE' } });
});

test('a small view of a large buffer counts as the buffer, once', () => {
  const buffer = new ArrayBuffer(1_000_000);
  const bytes = messageBytes([new Uint8Array(buffer, 0, 1), new Uint8Array(buffer, 1, 1)]);
  expect(bytes).toBeGreaterThan(1_000_000);
  expect(bytes).toBeLessThan(1_001_000);
});

test('counting stops early on endless data', () => {
  const long = Array.from({ length: 1000 }, () => 'x'.repeat(1000));
  expect(messageBytes(long, 10_000)).toBeLessThan(20_000);
});

test('plain data is never counted far below what serializing it takes', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), value => {
      expect(messageBytes(value) + 8).toBeGreaterThanOrEqual(serialize(value).byteLength * 0.8);
    }),
  );
});
