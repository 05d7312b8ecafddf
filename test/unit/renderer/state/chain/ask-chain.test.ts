import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { askChain } from '../../../../../renderer/state/chain/ask-chain.ts';
import { getState, NO_CHAIN, setState } from '../../../../../renderer/state/store.ts';
import type { OpenedChain } from '../../../../../shared/model/chain.ts';
import { fail, ok, type Result } from '../../../../../shared/result.ts';

const chain = (sessionId: number): OpenedChain => ({
  sessionId,
  chain: { layers: [], size: 1, complete: true, notes: [] } as unknown as OpenedChain['chain'],
  tracks: [],
});
const gone = fail({ code: 'IPC_NO_SESSION', what: '', subject: '', advice: '' });

let calls: unknown[][];
let answer: (reply: Result<number>) => void;

beforeEach(() => {
  calls = [];
  vi.stubGlobal('cowscope', {
    call: (...call: unknown[]) => {
      calls.push(call);
      return new Promise(resolve => {
        answer = resolve;
      });
    },
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  setState(NO_CHAIN);
});

const request = { track: 1, from: 0, backwards: false, kind: 'dirty' } as const;

test('a question is asked of the open chain', async () => {
  setState({ chain: chain(7) });
  const reply = askChain('seek', request);
  answer(ok(5));
  expect(await reply).toEqual(ok(5));
  expect(calls).toEqual([['chain:seek', { ...request, sessionId: 7 }]]);
});

test('nothing is asked where no chain is open', async () => {
  expect(getState().chain).toBeUndefined();
  expect(await askChain('seek', request)).toBeUndefined();
  expect(calls).toEqual([]);
});

test.each([
  ['another chain is open', { chain: chain(8) }],
  ['no chain is open any more', NO_CHAIN],
])('an answer and an error that come when %s are dropped', async (_when, state) => {
  for (const reply of [ok(5), gone]) {
    setState({ chain: chain(7) });
    const asked = askChain('seek', request);
    setState(state);
    answer(reply);
    expect(await asked).toBeUndefined();
  }
});
