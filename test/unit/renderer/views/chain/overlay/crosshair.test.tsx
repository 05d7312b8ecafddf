import { fireEvent, screen, waitFor } from '@testing-library/react';
import { afterEach, expect, test } from 'vitest';
import { addPainter, requestDraw } from '../../../../../../renderer/canvas/frame.ts';
import { stateShares } from '../../../../../../renderer/data/share-list.ts';
import { stripOf } from '../../../../../../renderer/state/chain/chain-data.ts';
import { openTarget } from '../../../../../../renderer/state/chain/opening.ts';
import { hoveredOffset } from '../../../../../../renderer/state/selection/hovered-offset.ts';
import { getAxis, getState, setAxis, setState } from '../../../../../../renderer/state/store.ts';
import { presentBits } from '../../../../../../shared/extent/columns.ts';
import { stateOf } from '../../../../../../shared/extent/flags.ts';
import { legendOn, marksIn, shortLabel } from '../../../../../../shared/legend.ts';
import type { OpenedChain } from '../../../../../../shared/model/chain.ts';
import type { TrackInfo } from '../../../../../../shared/model/track.ts';
import { formatOffset } from '../../../../../../shared/text/offset.ts';
import type { FakeBridge } from '../../../../../support/window/fake-bridge.ts';
import { goldenChain, largeChain } from '../../../../../support/window/fake-chain.ts';
import { start } from '../../../../../support/window/fake-window.tsx';

const WIDTH = 1024;
const stops: (() => unknown)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** Opens a chain whose lanes are so many pixels wide, drawn in every frame or, like folded ones, never. */
async function openWide(
  chain: ReturnType<typeof goldenChain>,
  { width = WIDTH, isDrawn = true } = {},
): Promise<FakeBridge> {
  const bridge = start(chain);
  await openTarget({ kind: 'files', files: ['/images/top.qcow2'] });
  await screen.findByRole('heading', { level: 2, name: 'Guest' });
  setAxis('guest', { width, viewport: { start: 0, end: chain.info.size } });
  // The canvases have no size here: their strips are made as if they were drawn.
  const draw = () => {
    const { viewport } = getAxis('guest');
    for (const { id } of chain.tracks) stripOf(id, viewport, getAxis('guest').width);
  };
  if (isDrawn) stops.push(addPainter(draw));
  return bridge;
}

const opened = () => getState().chain as OpenedChain;
const shownOffset = () => document.querySelector('.tooltip-offset')?.textContent;
const headerOf = ({ kind, layer }: TrackInfo) => (kind === 'guest' ? 'Guest' : `${layer}`);

/** The cells of the tooltip by the headers of their rows. */
function shownCells(): Map<string | null | undefined, HTMLElement> {
  const rows = [...document.querySelectorAll<HTMLElement>('.hover-tooltip tr')];
  return new Map(
    rows.map(row => [row.querySelector('th')?.textContent, row.querySelector('td') as HTMLElement]),
  );
}

/** What the engine says of the offset under the pointer: the offset, and the text of each track. */
async function answerUnderPointer(bridge: FakeBridge): Promise<readonly string[]> {
  const offset = hoveredOffset() as number;
  const reply = await bridge.call('chain:inspect', { sessionId: 1, offset });
  if (!reply.ok) throw new Error(reply.error.what);
  const { word, layers } = reply.value;
  const texts = opened().tracks.map(track => {
    const legend = legendOn(track, opened());
    const held = layers.find(layer => layer.track === track.id)?.word ?? word;
    const marks = marksIn(presentBits(held)).map(mark => legend[mark].label);
    return `${headerOf(track)}: ${legend[stateOf(held)].label}${marks.join('')}`;
  });
  return [formatOffset(offset), ...texts];
}

function shownTexts(): readonly (string | null | undefined)[] {
  return [shownOffset(), ...[...shownCells()].map(([header, cell]) => `${header}:${cell.textContent}`)];
}

/** Turns the wheel over a lane at a pixel. Its event has no place and no keys here. */
function wheel(
  lane: Element,
  clientX: number,
  delta: { deltaX?: number; deltaY?: number },
  shiftKey = false,
) {
  const event = new WheelEvent('wheel', { ...delta, bubbles: true, cancelable: true });
  fireEvent(lane, Object.assign(event, { clientX, shiftKey, ctrlKey: false }));
}

/** Moves of the view under a still pointer at a pixel, by the wheel over a lane and by the keyboard. */
const MOVES: readonly (readonly [name: string, move: (lane: Element, px: number) => void])[] = [
  ['wheel in', (lane, px) => wheel(lane, px, { deltaY: -240 })],
  ['wheel in again', (lane, px) => wheel(lane, px, { deltaY: -240 })],
  ['pan by the wheel', (lane, px) => wheel(lane, px, { deltaY: 96 }, true)],
  ['pan back', (lane, px) => wheel(lane, px, { deltaX: -64 })],
  ['fit', () => fireEvent.keyDown(document.body, { key: '0', code: 'Digit0' })],
  ['wheel in after fit', (lane, px) => wheel(lane, px, { deltaY: -480 })],
];

/** Rests the pointer on a lane, and runs `check` there and after each move. */
async function afterEachMove(
  track: number,
  px: number,
  check: (move: string) => Promise<void>,
): Promise<void> {
  const lane = document.querySelector(`[data-track="${track}"] canvas[data-twin]`) as Element;
  fireEvent.pointerMove(lane, { clientX: px });
  await check('before any move');
  for (const [name, move] of MOVES) {
    const { viewport } = getAxis('guest');
    move(lane, px);
    await waitFor(() => expect(getAxis('guest').viewport, name).not.toEqual(viewport));
    const { size } = getAxis('guest');
    if (name === 'fit')
      await waitFor(() => expect(getAxis('guest').viewport).toEqual({ start: 0, end: size }));
    await check(name);
  }
}

test('the tooltip says what the engine answers for the offset under the pointer, after wheel, pan and fit', async () => {
  const bridge = await openWide(goldenChain());
  for (const [track, px] of [
    [0, 230],
    [2, 180],
    [1, 950],
  ] as const)
    await afterEachMove(track, px, async move => {
      await waitFor(async () => expect(shownTexts(), move).toEqual(await answerUnderPointer(bridge)));
    });
});

test.each([
  ['lanes that are drawn', true],
  ['lanes that are folded or shown as tables', false],
])(
  'where extents of %s share the pixel the tooltip says their shares as the engine sums them',
  async (_lanes, isDrawn) => {
    // A pixel is a power of two of bytes, and every move is by whole pixels: no pixel cuts a column of a tile.
    const bridge = await openWide(largeChain(2 ** 36, 3, 4000), { isDrawn });
    let mixed = 0;
    await afterEachMove(2, 300, async move => {
      await waitFor(async () => {
        const { viewport } = getAxis('guest');
        const perPx = (viewport.end - viewport.start) / WIDTH;
        const from = viewport.start + 300 * perPx;
        const reply = await bridge.call('chain:sums', { sessionId: 1, start: from, end: from + perPx });
        if (!reply.ok) throw new Error(reply.error.what);
        const cells = shownCells();
        expect(shownOffset(), move).toBe(formatOffset(from));
        for (const track of opened().tracks) {
          const legend = legendOn(track, opened());
          const sums = reply.value.find(sum => sum.track === track.id)?.parts ?? [];
          const parts = sums.flatMap((bytes, part) => (bytes > 0 ? [[part, bytes] as never] : []));
          const expected = stateShares(parts).map(({ state, isHidden, percent }) => ({
            percent,
            short: `${shortLabel(legend[state])}${isHidden ? ' hidden' : ''}`,
            whole: `${legend[state].label}${isHidden ? ' hidden' : ''}`,
          }));
          const cell = cells.get(headerOf(track));
          const shares = [...(cell?.querySelectorAll('.share') ?? [])].map(share => share.textContent ?? '');
          if (shares.length === 0)
            expect(cell?.textContent, move).toContain(expected[0]?.whole.replace(' hidden', ''));
          else mixed++;
          for (const share of shares.filter(text => !text.endsWith('other'))) {
            const [, percent = '', label = ''] = /^ ?(<?\d+) % (.*)$/.exec(share) ?? [];
            const named = expected.filter(one => label === one.whole || label === one.short);
            expect(named, `${move}, ${headerOf(track)}: ${label} names one state`).toHaveLength(1);
            const [answer] = named;
            // Shares are carried as one byte each.
            expect(Math.abs(Number(percent.replace('<1', '0')) - (answer?.percent ?? 0))).toBeLessThanOrEqual(
              1,
            );
          }
        }
      });
    });
    expect(mixed).toBeGreaterThan(0);
  },
);

test('a tooltip follows the window when it gets another width under a still pointer', async () => {
  await openWide(goldenChain(), { width: 1000 });
  const { size } = getAxis('guest');
  setState({ hover: { axis: 'guest', track: 1, px: 250 } });
  await waitFor(() => expect(shownOffset()).toBe(formatOffset(size / 4)));
  setAxis('guest', { width: 500 });
  requestDraw();
  await waitFor(() => expect(shownOffset()).toBe(formatOffset(size / 2)));
});
