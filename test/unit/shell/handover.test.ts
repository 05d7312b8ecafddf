/** Programs that are started at once, after each other and after a death: one is the first, and no request is lost. */
import { chmodSync, linkSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { becomeFirstInstance, type FirstInstance } from '../../../electron/shell/handover.ts';
import { MAX_REQUEST_BYTES } from '../../../electron/shell/handover-message.ts';
import { CowscopeError } from '../../../shared/error.ts';
import { temporaryFolder } from '../../support/tools.ts';

let folder: string;
const servers: Server[] = [];
beforeEach(() => {
  folder = join(temporaryFolder(), 'launches');
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** The first program, and what it was handed. */
async function first(): Promise<{ place: FirstInstance; taken: unknown[] }> {
  const place = await becomeFirstInstance(folder, null);
  if (place === undefined) throw new Error('there is a first program already');
  const taken: unknown[] = [];
  place.receive(request => taken.push(request));
  return { place, taken };
}

/** The socket of a program that was killed: no process listens, and its number is still there. */
async function deadSocket(number: number): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const server = createServer();
  await new Promise<void>(resolve => server.listen(join(folder, 'dying'), resolve));
  linkSync(join(folder, 'dying'), join(folder, String(number)));
  await new Promise(resolve => server.close(resolve));
}

it('gives the first program its place and hands it what later ones ask for', async () => {
  const { taken } = await first();
  const request = { target: { files: ['/a'] } };
  expect(await becomeFirstInstance(folder, request)).toBeUndefined();
  expect(await becomeFirstInstance(folder, undefined)).toBeUndefined();
  expect(taken).toEqual([request, null]);
});

it('hands over requests of up to 1 MiB whole, and refuses a longer one with a code', async () => {
  const { taken } = await first();
  const longest = 'x'.repeat(MAX_REQUEST_BYTES - 2);
  await becomeFirstInstance(folder, longest);
  expect(taken).toEqual([longest]);
  await expect(becomeFirstInstance(folder, `${longest}x`)).rejects.toMatchObject({
    code: 'HANDOVER_TOO_LARGE',
  });
  expect(taken).toHaveLength(1);
});

it('keeps requests that come before the first program is ready for them', async () => {
  const place = await becomeFirstInstance(folder, null);
  const second = becomeFirstInstance(folder, 'early');
  await new Promise(resolve => setTimeout(resolve, 50));
  const taken: unknown[] = [];
  place?.receive(request => taken.push(request));
  expect(await second).toBeUndefined();
  expect(taken).toEqual(['early']);
});

it('tells the later program why the first refused its request', async () => {
  const place = await becomeFirstInstance(folder, null);
  place?.receive(() => {
    throw new CowscopeError({ code: 'HANDOVER_REFUSED', what: 'no', subject: 'it', advice: '' });
  });
  await expect(becomeFirstInstance(folder, 1)).rejects.toMatchObject({
    code: 'HANDOVER_REFUSED',
    subject: 'it',
  });
});

it('lets exactly one of many programs that start at once be the first, and loses no request', async () => {
  for (let round = 0; round < 5; round++) {
    folder = join(temporaryFolder(), 'launches');
    const taken: unknown[] = [];
    const starts = Array.from({ length: 12 }, async (_, number) => {
      const place = await becomeFirstInstance(folder, number);
      place?.receive(request => taken.push(request));
      return place === undefined ? [] : [number];
    });
    const firsts = (await Promise.all(starts)).flat();
    expect(firsts).toHaveLength(1);
    const all = Array.from({ length: 12 }, (_, number) => number);
    expect([...taken, ...firsts].sort((a, b) => Number(a) - Number(b))).toEqual(all);
  }
});

it('takes the place of a program that was killed, one follower alone', async () => {
  for (let round = 0; round < 5; round++) {
    folder = join(temporaryFolder(), 'launches');
    await deadSocket(7);
    const taken: unknown[] = [];
    const starts = Array.from({ length: 8 }, async (_, number) => {
      const place = await becomeFirstInstance(folder, number);
      place?.receive(request => taken.push(request));
      return place;
    });
    expect((await Promise.all(starts)).filter(place => place !== undefined)).toHaveLength(1);
    expect(taken).toHaveLength(7);
    expect(readdirSync(folder)).toEqual(['8']);
  }
});

it('waits for a program that is on its way out, and is then the first', async () => {
  const { place } = await first();
  place.leave();
  const second = becomeFirstInstance(folder, 'late');
  await new Promise(resolve => setTimeout(resolve, 100));
  // What ends the program ends its socket; here only that is ended.
  const [name = ''] = readdirSync(folder);
  await deadSocketInPlaceOf(name);
  expect(await second).toBeDefined();
});

async function deadSocketInPlaceOf(name: string): Promise<void> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(join(folder, 'dying'), resolve));
  const { renameSync } = await import('node:fs');
  renameSync(join(folder, 'dying'), join(folder, name));
  await new Promise(resolve => server.close(resolve));
}

it('gives up with a code where the first program does not answer', async () => {
  await first();
  const frozen = createServer(() => {}); // takes connections and says nothing
  servers.push(frozen);
  await new Promise<void>(resolve => frozen.listen(join(folder, '99'), resolve));
  vi.useFakeTimers({
    toFake: ['Date', 'setTimeout', 'clearTimeout'],
    shouldAdvanceTime: true,
    advanceTimeDelta: 2000,
  });
  try {
    await expect(becomeFirstInstance(folder, 'x')).rejects.toMatchObject({ code: 'HANDOVER_FAILED' });
  } finally {
    vi.useRealTimers();
  }
});

it('is not ended by anything that another program sends', async () => {
  const { taken } = await first();
  const [name = ''] = readdirSync(folder);
  for (const bytes of ['', 'not JSON', '{"a":', '\0'.repeat(70_000), 'x'.repeat(2 * MAX_REQUEST_BYTES)]) {
    const socket = connect(join(folder, name));
    socket.on('error', () => {});
    socket.end(bytes);
    socket.resume();
    await new Promise(resolve => socket.once('close', resolve));
  }
  expect(taken).toEqual([]);
  expect(await becomeFirstInstance(folder, 'still there')).toBeUndefined();
  expect(taken).toEqual(['still there']);
});

it('uses a folder that only this user can enter, and no other', async () => {
  await first();
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  chmodSync(folder, 0o755);
  await expect(becomeFirstInstance(folder, 1)).rejects.toMatchObject({ code: 'HANDOVER_FOLDER' });
  await expect(becomeFirstInstance('/dev/null/launches', 1)).rejects.toMatchObject({
    code: 'HANDOVER_FOLDER',
  });
});

it('works in a folder whose path is too long for a socket', async () => {
  folder = join(temporaryFolder(), 'a'.repeat(100), 'b'.repeat(100));
  const { taken } = await first();
  await becomeFirstInstance(folder, 'far');
  expect(taken).toEqual(['far']);
});
