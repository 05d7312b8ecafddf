/**
 * Suite `draw`: a frame while panning, from loaded tiles and extents to pixels of every lane, as the window does it. What
 * the browser adds (putting the pixels on screen) is not in it.
 */
import { type ChainSession, openChain } from '../../../electron/service/chain-session.ts';
import { panBy, type Viewport } from '../../../renderer/axis/viewport.ts';
import type { LoaderOf } from '../../../renderer/data/axis-content.ts';
import { AxisLoader } from '../../../renderer/data/loader.ts';
import { readStrip } from '../../../renderer/data/read-strip.ts';
import { guestSource } from '../../../renderer/state/chain/guest-source.ts';
import { colorSetOf } from '../../../shared/draw/color-set.ts';
import { laneLayout } from '../../../shared/draw/lane-layout.ts';
import { paintTrack } from '../../../shared/draw/paint-track.ts';
import { createColumnStrip, MARKS } from '../../../shared/draw/strip/column-strip.ts';
import { RasterSurface, type TextMasks } from '../../../shared/draw/surface/raster-surface.ts';
import type { AlphaMask } from '../../../shared/draw/surface/shapes.ts';
import { trackLabels } from '../../../shared/draw/track-labels.ts';
import { errorRecord } from '../../../shared/error.ts';
import type { CallArgs, CallName, CallReply } from '../../../shared/ipc/contract.ts';
import { LIGHT_PALETTE } from '../../../shared/palette.ts';
import { fail, ok } from '../../../shared/result.ts';
import { type Bench, medianOf } from '../context.ts';
import type { BenchChain } from '../images.ts';
import { type Contestant, inTurns, median, settle } from '../measure.ts';
import type { Row, SuiteResult } from '../report.ts';

/** A window to draw. */
interface Picture {
  readonly columns: number;
  /** Device pixels of a lane, and in a CSS pixel. */
  readonly laneHeight: number;
  readonly ratio: number;
}

const USUAL: Picture = { columns: 1600, laneHeight: 84, ratio: 1 };
const LARGE: Picture = { columns: 3840, laneHeight: 110, ratio: 2 };

/** Parts of the disk that are on screen while panning: tiles, fine tiles, exact extents. */
const SPANS = [1 / 4, 1 / 512, 1 / 16_384];
const FRAMES_PER_SPAN = 60;
const PIXELS_PER_FRAME = 9;

/** Measures the suite. */
export async function measureDraw(bench: Bench): Promise<SuiteResult> {
  const { size, runs } = bench.options;
  const usual = bench.store.chain('alt', size);
  const ten = bench.store.chain('alt', 'S', 10);
  const outcomes = await inTurns([panRun(usual, USUAL), panRun(ten, LARGE)], runs);
  const rows = outcomes.flatMap((outcome, i): Row[] => {
    const what =
      i === 0
        ? `a frame while panning, 3 layers, 1600 px, alt ${size}`
        : 'the same, 10 layers, 3840 px, alt S';
    return [
      { what, unit: 'ms', ours: medianOf(outcome, 'frame'), atMost: i === 0 ? 4 : 10 },
      { what: `its slowest of a hundred`, unit: 'ms', ours: medianOf(outcome, 'slow') },
    ];
  });
  return { rows, outcomes, notes: [] };
}

function panRun(chain: BenchChain, picture: Picture): Contestant {
  return {
    name: `pan, ${chain.files.length} layers, ${picture.columns} px`,
    async run() {
      let settled = () => {};
      let read = false;
      const session = await openChain(
        { kind: 'files', files: [chain.top] },
        { consent: { allow: [], allowAll: false }, witness: 'metadata' },
        {
          onProgress(layers) {
            read = layers.every(({ phase }) => phase === 'done');
            settled();
          },
        },
      );
      try {
        while (!read)
          await new Promise<void>(resolve => {
            settled = resolve;
          });
        await settle();
        const times = await pan(session, chain.size, picture);
        times.sort((a, b) => a - b);
        return { frame: median(times), slow: times[Math.floor(times.length * 0.99)] ?? Number.NaN };
      } finally {
        await session.close();
      }
    },
  };
}

/** Milliseconds that each frame took. */
async function pan(session: ChainSession, size: number, picture: Picture): Promise<number[]> {
  const { columns } = picture;
  const bounds = { size, width: columns / picture.ratio };
  const frame = framePainter(session, size, picture);
  const times: number[] = [];
  for (const share of SPANS) {
    let view: Viewport = { start: size / 3, end: size / 3 + size * share };
    await frame.load(view);
    for (let i = 0; i < FRAMES_PER_SPAN; i++) {
      view = panBy(view, (size * share * PIXELS_PER_FRAME) / columns, bounds);
      const begun = performance.now();
      frame.paint(view);
      times.push(performance.now() - begun);
      await new Promise<void>(resolve => setImmediate(resolve)); // replies arrive between frames
    }
  }
  frame.loader.dispose();
  return times;
}

function framePainter(session: ChainSession, size: number, { columns, laneHeight, ratio }: Picture) {
  const chain = { sessionId: 1, chain: session.chain, tracks: session.tracks };
  const ask = async <C extends CallName>(name: C, args: CallArgs<C>): Promise<CallReply<C>> => {
    const asked = args as never as {
      level: number;
      first: number;
      count: number;
      start: number;
      end: number;
    };
    try {
      const value =
        name === 'chain:tiles'
          ? session.ask('tiles', asked)
          : session.ask('extents', { start: asked.start, end: asked.end });
      return ok(await value) as CallReply<C>;
    } catch (error) {
      return fail(errorRecord(error)); // what was asked for last may be under way when the session closes
    }
  };
  let loaded = () => {};
  const loader: LoaderOf<'guest'> = new AxisLoader({
    source: guestSource(1, size, ask),
    onData: () => loaded(),
    onError(error) {
      throw new Error(error.what);
    },
  });
  const layout = laneLayout(laneHeight, ratio);
  const colorSet = colorSetOf(LIGHT_PALETTE);
  const surface = new RasterSurface({ width: columns, height: laneHeight, unit: ratio, texts: boxes(ratio) });
  const lanes = session.tracks.map(track => ({
    track,
    strip: createColumnStrip(columns),
    options: { labels: trackLabels(track, chain), faded: [], marks: MARKS },
  }));
  const request = (view: Viewport) => loader.request({ view, columns, overviewColumns: columns });
  return {
    loader,
    /** Waits until all that is on screen is loaded. */
    async load(view: Viewport): Promise<void> {
      request(view);
      while (loader.isBusy())
        await new Promise<void>(resolve => {
          loaded = resolve;
        });
    },
    paint(view: Viewport): void {
      request(view);
      const phase = Math.round((view.start / (view.end - view.start)) * columns);
      for (const { track, strip, options } of lanes) {
        readStrip(strip, track.id, view, loader);
        paintTrack(surface, strip, layout, colorSet, { ...options, phase });
      }
    },
  };
}

/** Boxes of the size that texts have; there is no canvas here to draw real ones with. */
function boxes(unit: number): TextMasks {
  const box = (width: number, height: number): AlphaMask => ({
    width: width * unit,
    height: height * unit,
    alpha: new Uint8Array(width * height * unit * unit).fill(255),
  });
  const texts = new Map<string, AlphaMask>();
  return text => {
    const known = texts.get(text) ?? box(text.length * 6, 14);
    texts.set(text, known);
    return known;
  };
}
