/** What a lane shows of each part, counted from its pixels, is what the chain holds: at every zoom, for every track. */
import { expect, test } from 'vitest';
import type { Viewport } from '../../renderer/axis/viewport.ts';
import type { LoaderOf } from '../../renderer/data/axis-content.ts';
import { AxisLoader } from '../../renderer/data/loader.ts';
import { readStrip } from '../../renderer/data/read-strip.ts';
import { guestSource } from '../../renderer/state/chain/guest-source.ts';
import { colorSetOf, type Pixel } from '../../shared/draw/color-set.ts';
import { paintBodies } from '../../shared/draw/paint-bodies.ts';
import { partColors } from '../../shared/draw/part-colors.ts';
import { createColumnStrip } from '../../shared/draw/strip/column-strip.ts';
import { RasterSurface } from '../../shared/draw/surface/raster-surface.ts';
import { PARTS } from '../../shared/extent/parts.ts';
import type { QuestionName } from '../../shared/ipc/questions.ts';
import { DARK_PALETTE, LIGHT_PALETTE } from '../../shared/palette.ts';
import { ok } from '../../shared/result.ts';
import { generator } from '../bench/patterns.ts';
import {
  CLOUD_100_GIB,
  CLOUD_CLUSTER,
  type CloudLayer,
  writeCloudChain,
} from '../support/images/cloud-chain.ts';
import { type MergeSession, openSession, planFiles } from '../support/merge-session.ts';
import { PART_ORDER } from '../support/naive-model.ts';
import { temporaryFolder } from '../support/tools.ts';

const COLUMNS = 960;
const ROWS = 60;
const NO_TEXTS = () => ({ width: 0, height: 0, alpha: new Uint8Array(0) });

/** By track (guest first, then from the top) the part of every cluster, by the rules alone. */
function partsOfTracks(layers: readonly CloudLayer[], clusters: number): Uint8Array[] {
  const tracks = Array.from({ length: layers.length + 1 }, () => new Uint8Array(clusters));
  const index = new Map(PART_ORDER.map((name, part) => [name, part]));
  for (let c = 0; c < clusters; c++) {
    // What lies below each layer: anything but zeros that the walk would reach.
    let hasContent = false;
    const hides = layers.map(({ kinds }) => {
      const kind = kinds[c];
      const isZero = kind === 'zeroHole' || kind === 'zeroAllocated';
      const found = isZero && hasContent;
      hasContent = kind !== undefined && (hasContent || kind === 'data' || kind === 'compressed');
      return found;
    });
    let hidden = '';
    let guest = '';
    for (let i = layers.length - 1; i >= 0; i--) {
      const kind = layers[i]!.kinds[c] ?? 'outOfRange';
      const variant =
        kind === 'unallocated' || kind === 'outOfRange' ? '' : hidden || (hides[i] ? 'hidesData ' : '');
      tracks[layers.length - i]![c] = index.get(variant + kind)!;
      if (kind === 'unallocated') continue;
      guest ||= kind === 'outOfRange' ? 'unallocated' : variant + kind;
      hidden = kind === 'outOfRange' ? 'shadowed ' : hidden || 'overridden ';
    }
    tracks[0]![c] = index.get(guest || 'unallocated')!;
  }
  return tracks;
}

/** Share of each part in bytes [start, end) of a track. */
function exactShares(parts: Uint8Array, start: number, end: number): number[] {
  const sums = new Array<number>(PARTS.length).fill(0);
  const last = Math.min(parts.length, Math.ceil(end / CLOUD_CLUSTER));
  for (let c = Math.floor(start / CLOUD_CLUSTER); c < last; c++) {
    const from = Math.max(start, c * CLOUD_CLUSTER);
    sums[parts[c]!]! += Math.min(end, (c + 1) * CLOUD_CLUSTER) - from;
  }
  return sums.map(sum => sum / (end - start));
}

/** By the color of a pixel the part that it belongs to, tinted or not. */
function partsByColor(bodies: ReturnType<typeof partColors>['bodies']): Map<Pixel, number> {
  const found = new Map<Pixel, number>();
  const add = (color: Pixel, part: number) => {
    // Two parts of one color could not be counted, nor distinguished by eye.
    if ((found.get(color) ?? part) !== part) found.set(color, -1);
    else found.set(color, part);
  };
  bodies.tints.forEach((color, i) => {
    add(color, Math.floor(i / PARTS.length));
  });
  bodies.plain.forEach((color, part) => {
    found.set(color, part);
  });
  return found;
}

interface DrawnChain {
  readonly session: MergeSession;
  readonly size: number;
  readonly exact: readonly Uint8Array[];
}

async function openChain(spec: Parameters<typeof writeCloudChain>[1]): Promise<DrawnChain> {
  const layers = writeCloudChain(temporaryFolder(), spec);
  const session = openSession(planFiles(layers.map(({ path }) => path)));
  await session.read();
  return { session, size: spec.clusters * CLOUD_CLUSTER, exact: partsOfTracks(layers, spec.clusters) };
}

/** Loads a view as the window does. */
async function load(chain: DrawnChain, view: Viewport): Promise<LoaderOf<'guest'>> {
  let loaded = () => {};
  const ask = async (name: string, args: never) =>
    ok(await chain.session.ask(name.slice('chain:'.length) as QuestionName, args));
  const loader: LoaderOf<'guest'> = new AxisLoader({
    source: guestSource(1, chain.size, ask as Parameters<typeof guestSource>[2]),
    onData: () => loaded(),
    onError: error => expect(error).toBeUndefined(),
  });
  loader.request({ view, columns: COLUMNS, overviewColumns: COLUMNS });
  while (loader.isBusy())
    await new Promise<void>(resolve => {
      loaded = resolve;
    });
  loader.dispose();
  return loader;
}

/** Expects the drawn share of every part, and of all that is hidden, to be the exact one within a pixel of the height. */
async function expectExact(chain: DrawnChain, view: Viewport, palette = LIGHT_PALETTE): Promise<void> {
  const colorSet = colorSetOf(palette);
  const { bodies } = partColors(colorSet, []);
  const byColor = partsByColor(bodies);
  const loader = await load(chain, view);
  for (const [track, parts] of chain.exact.entries()) {
    const strip = createColumnStrip(COLUMNS);
    readStrip(strip, track, view, loader);
    const surface = new RasterSurface({ width: COLUMNS, height: ROWS, unit: 1, texts: NO_TEXTS });
    const { lane, corrupt } = colorSet;
    paintBodies(surface, strip, { top: 0, bottom: ROWS, unit: 1, bodies, lane, corrupt });
    const drawn = new Array<number>(PARTS.length).fill(0);
    for (const pixel of surface.pixels) drawn[byColor.get(pixel) ?? -1]! += 1 / COLUMNS;
    const exact = exactShares(parts, view.start, view.end).map(share => share * ROWS);
    const where = (part: number) => `track ${track}, ${PART_ORDER[part]}, ${view.start} to ${view.end}`;
    for (const [part, rows] of exact.entries())
      expect(Math.abs(drawn[part]! - rows), where(part)).toBeLessThan(1);
    const hidden = (rows: readonly number[]) =>
      rows.filter((_, part) => /^(overridden|shadowed)/.test(PART_ORDER[part]!)).reduce((a, b) => a + b, 0);
    expect(Math.abs(hidden(drawn) - hidden(exact)), `hidden on track ${track}`).toBeLessThan(1);
  }
}

test('a machine of 100 GiB and five layers is drawn as it is, from the whole disk to one cluster', async () => {
  const chain = await openChain(CLOUD_100_GIB);
  const random = generator(7);
  for (let span = chain.size; span >= CLOUD_CLUSTER; span = Math.floor(span / 3)) {
    const start = Math.floor(random() * (chain.size - span));
    await expectExact(chain, { start, end: start + span });
  }
});

test('a hundred random chains are drawn as they are, at every zoom and in both themes', async () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = generator(seed);
    const clusters = 500 + Math.floor(random() * 6000);
    const chain = await openChain({
      seed,
      clusters,
      baseClusters: 1 + Math.floor(random() * clusters),
      held: Array.from({ length: 1 + Math.floor(random() * 4) }, () => Math.ceil(random() * clusters * 0.6)),
      meanRun: 1 + random() * 30,
    });
    for (const share of [1, 0.4, 0.1, 0.02]) {
      const span = Math.max(CLOUD_CLUSTER, Math.floor(chain.size * share));
      const start = Math.floor(random() * (chain.size - span));
      const palette = seed % 2 === 0 ? LIGHT_PALETTE : DARK_PALETTE;
      await expectExact(chain, { start, end: start + span }, palette);
    }
  }
});
