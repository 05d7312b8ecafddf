import { expect, it } from 'vitest';
import {
  type ConnectionProperties,
  mostRequested,
  RequestWindow,
} from '../../../../electron/nbd/walk/request-window.ts';

const far: ConnectionProperties = {
  serialStatusRequests: false,
  statusFilter: false,
  roundTrip: 20,
  extendedHeaders: false,
  contexts: [{ id: 0, name: 'base:allocation' }],
};

/** The pace after replies that each took `work` milliseconds beyond the round trip, one after another. */
function after(work: number, terms: Partial<ConnectionProperties> = {}, replies = 1): number {
  const pace = new RequestWindow({ ...far, ...terms });
  for (let i = 0, now = 0; i < replies; i++) {
    const sent = now;
    now += (terms.roundTrip ?? far.roundTrip) + work;
    pace.answered(sent, now);
  }
  return pace.inFlight;
}

it('is one until a reply has shown what it costs', () => {
  expect(new RequestWindow(far).inFlight).toBe(1);
});

it.each([
  ['fills the way to a far server', 0.1, {}, 8],
  ['asks no more than keep the server busy', 5, {}, 5],
  ['waits where the reply costs as much as the way', 15, {}, 1],
  ['waits for a server close by', 0, { roundTrip: 4 }, 1],
  ['waits for qemu, however far', 0.1, { serialStatusRequests: true, roundTrip: 500 }, 1],
  ['waits where contexts are asked for alone', 0.1, { statusFilter: true, extendedHeaders: true }, 1],
] as const)('%s', (_, work, terms, expected) => {
  expect(after(work, terms)).toBe(expected);
});

it('asks for no more than fits into the memory of one reply', () => {
  for (let count = 1; count <= 64; count++) {
    for (const extendedHeaders of [false, true]) {
      const contexts = Array.from({ length: count }, (_, id) => ({ id, name: `x:${id}` }));
      const inFlight = after(0.1, { contexts, extendedHeaders });
      const largest = count * 2 ** 20 * (extendedHeaders ? 16 : 8);
      expect(inFlight === 1 || mostRequested(inFlight) * largest <= 2 ** 27).toBe(true);
    }
  }
});

it('counts what a reply costs once, however many wait with it', () => {
  const pace = new RequestWindow(far);
  pace.answered(0, 22);
  // Eight sent together: the first comes after the round trip, the others two milliseconds apart.
  for (let i = 0; i < 8; i++) pace.answered(22, 22 + 20 + 2 * (i + 1));
  expect(pace.inFlight).toBe(8);
});

it('slows down when replies become large, and not for one of them', () => {
  const pace = new RequestWindow(far);
  for (let now = 0; now < 220; now += 22) pace.answered(now, now + 22);
  pace.answered(220, 260);
  expect(pace.inFlight).toBeGreaterThan(1);
  for (let now = 260; now < 1000; now += 60) pace.answered(now, now + 60);
  expect(pace.inFlight).toBe(1);
});
