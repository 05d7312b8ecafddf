import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { SourceOf } from '../../../../../renderer/data/axis-content.ts';
import { dataOf, openAxis } from '../../../../../renderer/state/axes/axis-data.ts';
import { navigationOf } from '../../../../../renderer/state/axes/axis-navigation.ts';
import { getAxis, getState, setAxis, useStore } from '../../../../../renderer/state/store.ts';
import { fail, ok } from '../../../../../shared/result.ts';

const BLANK = getState();
const SIZE = 2 ** 30;

beforeEach(() => {
  useStore.setState(BLANK, true);
  vi.stubGlobal('matchMedia', () => ({ matches: true })); // reduced motion: glides end at once
  setAxis('host', { width: 1000 });
});
afterEach(() => {
  dataOf('host').close();
  navigationOf('host').stop();
  vi.unstubAllGlobals();
});

/** A source of a host axis with one track, which records what it is asked. */
function fakeSource(size = SIZE, runsPerColumn = 9) {
  const asked: string[] = [];
  const source: SourceOf<'host'> = {
    size,
    maxTiles: 4,
    maxEntries: 100,
    async tiles({ level, first, count }) {
      asked.push(`tiles ${level} ${first}+${count}`);
      const tiles = Array.from({ length: count }, (_, i) => ({
        track: 0 as const,
        tile: first + i,
        shares: new Float32Array(256 * 16),
        runs: new Uint32Array(256).fill(runsPerColumn),
      }));
      return ok({ level, version: 1, tiles });
    },
    async entries({ start, end }) {
      asked.push(`entries ${start}-${end}`);
      return ok({
        tooMany: false,
        version: 1,
        end,
        tracks: [{ track: 0, starts: Float64Array.of(start), kinds: Uint8Array.of(5) }],
      });
    },
  };
  return { source, asked };
}

const request = (): void => {
  const { viewport, width } = getAxis('host');
  dataOf('host').loader?.request({ view: viewport, columns: width, overviewColumns: width });
};
const rest = () => vi.waitFor(() => expect(dataOf('host').isBusy).toBe(false), 20_000);

test('an axis that is opened shows the whole of what its source has', () => {
  openAxis('host', fakeSource().source);
  expect(getAxis('host')).toMatchObject({
    size: SIZE,
    width: 1000,
    viewport: { start: 0, end: SIZE },
    history: { at: 0, visited: [{ start: 0, end: SIZE }] },
  });
});

test('the second axis zooms, pans and fits, and the first stays where it is', () => {
  openAxis('host', fakeSource().source);
  const { viewport: guest } = getAxis('guest');
  const navigation = navigationOf('host');
  navigation.zoomAt(1 / 4, 0);
  expect(navigation.viewport).toEqual({ start: 0, end: SIZE / 4 });
  navigation.panByPx(500);
  expect(navigation.viewport).toEqual({ start: SIZE / 8, end: (SIZE * 3) / 8 });
  navigation.panByShare(-0.5);
  expect(navigation.viewport).toEqual({ start: 0, end: SIZE / 4 });
  navigation.goToEdge('end');
  expect(navigation.viewport).toEqual({ start: (SIZE * 3) / 4, end: SIZE });
  navigation.centerOn(SIZE / 2);
  expect(navigation.viewport).toEqual({ start: (SIZE * 3) / 8, end: (SIZE * 5) / 8 });
  navigation.glideZoom(2, SIZE / 2);
  expect(navigation.viewport).toEqual({ start: SIZE / 4, end: (SIZE * 3) / 4 });
  navigation.fitRange(1000, 2000);
  expect(navigation.viewport).toEqual({ start: 900, end: 2100 });
  navigation.reveal(5000);
  expect(navigation.viewport.end).toBeGreaterThan(5000);
  navigation.fitAll();
  expect(navigation.viewport).toEqual({ start: 0, end: SIZE });
  expect(getAxis('guest').viewport).toEqual(guest);
});

test('each axis has a separate history', () => {
  openAxis('host', fakeSource().source);
  const navigation = navigationOf('host');
  navigation.fitRange(1000, 2000);
  navigation.goInHistory(-1);
  expect(navigation.viewport).toEqual({ start: 0, end: SIZE });
  navigation.goInHistory(1);
  expect(navigation.viewport).toEqual({ start: 900, end: 2100 });
  expect(getAxis('guest').history.visited).toEqual([]);
});

test('the loader of the second axis asks its own source, within its limits', async () => {
  const { source, asked } = fakeSource();
  openAxis('host', source);
  const revision = dataOf('host').revision;
  request();
  await rest();
  expect(asked[0]).toBe('tiles 21 0+2'); // 2**21 bytes a column: the whole axis in 512 of at most 1000
  expect(asked.filter(text => text.startsWith('entries'))).toEqual([]); // the tiles tell of more than 100
  expect(dataOf('host').loader?.tiles.get(21, 1)?.tracks).toHaveLength(1);
  expect(dataOf('host').revision).toBeGreaterThan(revision);
  expect(dataOf('guest').loader).toBeUndefined();

  navigationOf('host').setViewport({ start: 0, end: 1000 });
  request();
  await rest();
  expect(asked).toContain('entries 0-2000'); // with what is around it
  expect(dataOf('host').loader?.exact.covers({ start: 0, end: 1000 })).toBe(true);
});

test('what was read again along the second axis is asked again', async () => {
  const { source, asked } = fakeSource(2000, 1);
  openAxis('host', source);
  request();
  await rest();
  const before = asked.length;
  dataOf('host').loader?.invalidate(2, 100, 200);
  await rest();
  expect(asked.slice(before)).toContain('entries 0-2000');
});

test('a source that fails is reported in the window', async () => {
  const { source } = fakeSource();
  const error = { code: 'X', what: 'no', subject: '', advice: '' };
  openAxis('host', { ...source, tiles: async () => fail(error) });
  request();
  await rest();
  expect(getState().error).toEqual(error);
});
