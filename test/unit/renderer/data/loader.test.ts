import { afterEach, expect, test, vi } from 'vitest';
import type { LoaderOf } from '../../../../renderer/data/axis-content.ts';
import { AxisLoader } from '../../../../renderer/data/loader.ts';
import { guestSource } from '../../../../renderer/state/chain/guest-source.ts';
import { createColumnStrip } from '../../../../shared/draw/strip/column-strip.ts';
import { stripFromTiles } from '../../../../shared/draw/strip/strip-from-tiles.ts';
import { MAX_TILES_PER_CALL, type TilesRequest } from '../../../../shared/ipc/questions.ts';
import { fail, ok } from '../../../../shared/result.ts';
import { type FakeBridge, fakeBridge } from '../../../support/window/fake-bridge.ts';
import { type FakeChain, goldenChain, largeChain } from '../../../support/window/fake-chain.ts';

let loader: LoaderOf<'guest'> | undefined;
afterEach(() => loader?.dispose());

function load(chain: FakeChain, bridge: FakeBridge = fakeBridge(chain)) {
  const onError = vi.fn();
  loader = new AxisLoader({
    source: guestSource(1, chain.info.size, bridge.call),
    onData: () => {},
    onError,
  });
  return { loader, bridge, onError };
}

const asked = (bridge: FakeBridge, name: string) => bridge.calls.filter(call => call.name === name);
const rest = () => vi.waitFor(() => expect(loader?.isBusy()).toBe(false), 20_000);
/** Lets every answer that is under way arrive, buffers included. */
const quiet = async (bridge: FakeBridge) => {
  for (let before = -1; before !== bridge.calls.length; ) {
    before = bridge.calls.length;
    await new Promise(resolve => setTimeout(resolve, 0));
    await rest();
  }
};

/** More than any version of a chain in these tests. */
const LATER = 2 ** 30;

/** A chain that was read later than every other: its answers have higher versions. */
function readLater(chain: FakeChain): FakeChain {
  return {
    ...chain,
    ask: async (question, args) => {
      const reply = await chain.ask(question, args);
      return typeof reply === 'object' && reply !== null && 'version' in reply
        ? { ...reply, version: reply.version + LATER }
        : reply;
    },
  };
}

test('a small chain is known exactly after two questions', async () => {
  const chain = goldenChain();
  const { loader, bridge } = load(chain);
  const view = { start: 0, end: chain.info.size };
  loader.request({ view, columns: 1600, overviewColumns: 1600 });
  await quiet(bridge);
  expect(loader.exact.covers(view)).toBe(true);
  expect(asked(bridge, 'chain:extents')).toHaveLength(1);
  const before = bridge.calls.length;
  loader.request({ view: { start: 65536, end: 131072 }, columns: 1600, overviewColumns: 1600 });
  await quiet(bridge);
  expect(bridge.calls.length).toBe(before);
});

test('one request is under way at a time, and places passed over are never asked for', async () => {
  const chain = largeChain(2 ** 40, 2, 60_000);
  const bridge = fakeBridge(chain);
  let running = 0;
  let most = 0;
  const call: typeof bridge.call = async (name, args) => {
    most = Math.max(most, ++running);
    await new Promise(resolve => setTimeout(resolve, 1));
    const reply = await bridge.call(name, args);
    running--;
    return reply;
  };
  loader = new AxisLoader({
    source: guestSource(1, chain.info.size, call),
    onData: () => {},
    onError: () => {},
  });
  const width = 2 ** 36;
  for (let i = 0; i < 14; i++)
    loader.request({
      view: { start: i * width, end: (i + 1) * width },
      columns: 1600,
      overviewColumns: 1600,
    });
  await rest();
  expect(most).toBe(1);
  const level = Math.floor(Math.log2(width / 1600));
  const passed = asked(bridge, 'chain:tiles').filter(call => {
    const { level: l, first } = call.args as TilesRequest;
    return l === level && first * 256 * 2 ** l < 11 * width;
  });
  expect(passed).toEqual([]);
});

test('no call asks for more tiles than one reply holds', async () => {
  const chain = largeChain(2 ** 40, 2, 60_000);
  const { loader, bridge } = load(chain);
  loader.request({ view: { start: 0, end: 2 ** 38 }, columns: 3840, overviewColumns: 3840 });
  await quiet(bridge);
  const counts = asked(bridge, 'chain:tiles').map(call => (call.args as TilesRequest).count);
  expect(Math.max(...counts)).toBeLessThanOrEqual(MAX_TILES_PER_CALL);
});

test('tiles of what was read again are requested again, the rest is not', async () => {
  const chain = goldenChain();
  const { loader, bridge } = load(chain);
  loader.request({ view: { start: 0, end: chain.info.size }, columns: 1600, overviewColumns: 1600 });
  await quiet(bridge);
  const before = asked(bridge, 'chain:extents').length;
  loader.invalidate(2, 0, 65536);
  expect(loader.exact.stale()).toBe(true);
  await quiet(bridge);
  expect(asked(bridge, 'chain:extents')).toHaveLength(before + 1);
  expect(loader.exact.stale()).toBe(false);
});

test('a range with too many extents is refused once, then drawn from tiles', async () => {
  const chain = largeChain(2 ** 36, 2, 60_000);
  await chain.read();
  const { loader, bridge } = load(chain);
  const request = { view: { start: 0, end: 2 ** 36 }, columns: 1600, overviewColumns: 1600 };
  loader.request(request);
  await quiet(bridge);
  const refusals = asked(bridge, 'chain:extents').length;
  expect(loader.exact.get()).toBeUndefined();
  loader.request({ ...request, view: { start: 0, end: 2 ** 36 } });
  await quiet(bridge);
  expect(asked(bridge, 'chain:extents')).toHaveLength(refusals);
});

test('a refusal that was outdated when it came is asked again', async () => {
  const chain = goldenChain();
  const { size } = chain.info;
  const bridge = fakeBridge(chain);
  let version = 1;
  bridge.answer('chain:extents', ({ end }) => {
    if (version > 1) return ok({ tooMany: false, version, end, tracks: [] });
    version = 2;
    begun.loader.invalidate(2, size - 1, size); // the last of it is read while the refusal is on its way
    return ok({ tooMany: true, version: 1 });
  });
  const begun = load(chain, bridge);
  begun.loader.request({ view: { start: 0, end: size }, columns: 1600, overviewColumns: 1600 });
  await quiet(bridge);
  expect(begun.loader.exact.covers({ start: 0, end: size })).toBe(true);
  expect(begun.loader.exact.stale()).toBe(false);
});

test('what is known one by one and outdated gives way to tiles where it has become too many', async () => {
  const size = 2 ** 36;
  const view = { start: 0, end: size };
  // Few extents at first, then so many that the tiles alone tell not to ask for them.
  const now = largeChain(size, 2, 20);
  const later = readLater(largeChain(size, 2, 60_000));
  await Promise.all([now.read(), later.read()]);
  const bridge = fakeBridge(now);
  const { loader } = load(now, bridge);
  loader.request({ view, columns: 800, overviewColumns: 800 });
  await quiet(bridge);
  expect(loader.exact.covers(view)).toBe(true);
  const revision = loader.overviewRevision();
  Object.assign(now, later);
  const asks = asked(bridge, 'chain:extents').length;
  loader.invalidate(LATER, 0, size);
  await quiet(bridge);
  expect(loader.exact.get()).toBeUndefined();
  expect(loader.overviewRevision()).toBeGreaterThan(revision);
  expect(asked(bridge, 'chain:extents').length).toBeLessThanOrEqual(asks + 1);
});

test('the whole disk follows what is read also beside a view of a part of it', async () => {
  const size = 2 ** 36;
  const axis = { start: 0, end: size };
  const part = { start: 0, end: 2 ** 30 };
  const columns = 697; // between two powers of two: the lanes take a finer level than the overview
  const overviewOf = (of: LoaderOf<'guest'>, finest?: number) => {
    const strip = createColumnStrip(columns);
    stripFromTiles(strip, 1, axis, of.tiles, finest);
    return [...strip.runs];
  };
  const now = largeChain(size, 2, 60_000);
  const later = readLater(largeChain(size, 2, 90_000));
  await Promise.all([now.read(), later.read()]);
  const bridge = fakeBridge(now);
  const { loader: follows } = load(now, bridge);
  follows.request({ view: axis, columns, overviewColumns: columns });
  await quiet(bridge);
  follows.request({ view: part, columns, overviewColumns: columns });
  await quiet(bridge);
  Object.assign(now, later);
  follows.invalidate(LATER, 0, size);
  await quiet(bridge);

  const { loader: fresh } = load(now, bridge);
  fresh.request({ view: part, columns, overviewColumns: columns });
  await quiet(bridge);
  const expected = overviewOf(fresh);
  expect(overviewOf(follows, follows.overviewLevel())).toEqual(expected);
  expect(overviewOf(follows)).not.toEqual(expected); // the finer tiles of the first view are what was
  follows.dispose();
});

test('a failure is reported once and not repeated every frame', async () => {
  const chain = goldenChain();
  const bridge = fakeBridge(chain);
  bridge.answer('chain:tiles', () => fail({ code: 'X', what: 'no', subject: '', advice: '' }));
  const { loader, onError } = load(chain, bridge);
  const request = { view: { start: 0, end: chain.info.size }, columns: 100, overviewColumns: 100 };
  for (let i = 0; i < 5; i++) {
    loader.request(request);
    await quiet(bridge);
  }
  expect(onError).toHaveBeenCalledTimes(1);
  loader.request({ ...request, view: { start: 0, end: 1000 } });
  await quiet(bridge);
  expect(onError).toHaveBeenCalledTimes(2);
});
