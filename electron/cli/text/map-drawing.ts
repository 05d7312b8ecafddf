/** The small drawn map of a terminal: one line of letters per track, in the colors of the window. */
import { STATES } from '../../../shared/extent/flags.ts';
import { STATE_MEANINGS } from '../../../shared/legend.ts';
import { PRESENT, TILE_COLUMNS, type TileColumns } from '../../../shared/model/tile.ts';
import { LIGHT_PALETTE } from '../../../shared/palette.ts';
import { formatOffset, formatSize } from '../../../shared/text/offset.ts';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';
import type { ChainSession } from '../../service/chain-session.ts';
import { paint } from './colors.ts';

/** Leaves 64 columns of 80: disks and clusters are powers of two. */
const TITLE_WIDTH = 15;
const MAX_COLUMNS = TILE_COLUMNS;
const UNREADABLE = STATES.indexOf('unreadable');
const UNREAD = STATES.indexOf('unread');
/** States of what a layer holds itself: one cluster of it is not to vanish in a column of nothing. */
const HOLDS = new Set(
  (['data', 'compressed', 'zeroAllocated', 'zeroHole', 'holeUnknown'] as const).map(state =>
    STATES.indexOf(state),
  ),
);

/** Letter and colors of each state, by state index. Letters are read without color too. */
const CELLS: readonly { letter: string; back: string; ink: string }[] = [
  { letter: 'D', back: LIGHT_PALETTE.states.data, ink: '#FFFFFF' },
  { letter: 'C', back: LIGHT_PALETTE.states.compressed, ink: '#000000' },
  { letter: 'Z', back: LIGHT_PALETTE.states.zeroAllocated, ink: '#FFFFFF' },
  { letter: 'z', back: LIGHT_PALETTE.states.zeroHole, ink: '#000000' },
  { letter: '.', back: LIGHT_PALETTE.states.unallocated, ink: '#5B6168' },
  { letter: 'r', back: LIGHT_PALETTE.states.unallocated, ink: '#18876A' },
  { letter: '?', back: LIGHT_PALETTE.states.data, ink: '#FFFFFF' },
  { letter: 'x', back: LIGHT_PALETTE.states.outOfRange, ink: '#000000' },
  { letter: '-', back: '#FFFFFF', ink: '#5B6168' },
  { letter: '!', back: LIGHT_PALETTE.states.corrupt, ink: '#FFFFFF' },
];

/** The drawing of a chain, or of one layer alone, for a terminal of `width` characters. */
export async function drawMap(
  session: ChainSession,
  layer: number | undefined,
  width: number,
): Promise<string> {
  const size = layer === undefined ? session.chain.size : (session.chain.layers[layer]?.size ?? 0);
  if (size === 0) return 'A disk of 0 bytes: there is nothing to draw.\n';
  const room = Math.max(16, Math.min(MAX_COLUMNS, width - TITLE_WIDTH - 1));
  const span = columnSpan(session, size, room);
  const columns = Math.ceil(size / span);
  const tiles = await session.ask('overview', { span, layer });
  const lines = [`${''.padEnd(TITLE_WIDTH)} ${ruler(size, columns)}`];
  const states = new Set<number>();
  const marks = new Set<string>();
  const titles = titlesOf(session, layer);
  for (const tile of [...tiles].sort((a, b) => a.track - b.track)) {
    if (layer !== undefined && tile.track === 0) continue;
    lines.push(`${(titles[tile.track] ?? '').padEnd(TITLE_WIDTH)} ${stateLine(tile, columns, states)}`);
    for (const lane of [HIDING, DIRTY]) {
      const under = markLine(lane, tile, columns, marks);
      if (under !== '') lines.push(`${''.padEnd(TITLE_WIDTH)} ${under}`);
    }
  }
  return `${[...lines, '', ...legend(states, marks)].join('\n')}\n`;
}

/** Bytes a character stands for: whole clusters, or a cluster's whole fraction, so that borders fall on borders. */
function columnSpan(session: ChainSession, size: number, room: number): number {
  const unit = Math.max(512, Math.min(...session.chain.layers.map(layer => layer.clusterSize)));
  const units = Math.max(1, Math.ceil(size / unit));
  return units > room ? unit * Math.ceil(units / room) : unit / 2 ** Math.floor(Math.log2(room / units));
}

function titlesOf(session: ChainSession, layer: number | undefined): Record<number, string> {
  const named = (title: string) => escapeUntrusted(title, TITLE_WIDTH - 3);
  if (layer !== undefined) return { 1: `${layer} ${named(session.chain.layers[layer]?.name ?? '')}` };
  return Object.fromEntries(
    session.tracks.map(track => [
      track.id,
      track.kind === 'layer' ? `${track.layer} ${named(track.title)}` : named(track.title),
    ]),
  );
}

function stateLine(tile: TileColumns, columns: number, seen: Set<number>): string {
  let line = '';
  let run = 0;
  for (let c = 0; c < columns; c += run) {
    const state = stateAt(tile, c);
    seen.add(state);
    run = 1;
    while (c + run < columns && stateAt(tile, c + run) === state) run++;
    line += paintedCell(state, run);
  }
  return line;
}

/**
 * What a column shows: damage before all, it is what the drawing is looked at for; else the state that most of what
 * the layer itself holds has; else the state of most of the column.
 */
function stateAt(tile: TileColumns, column: number): number {
  if ((tile.present[column] as number) & (1 << UNREADABLE)) return UNREADABLE;
  const own = largest(tile, column, s => HOLDS.has(s));
  if (own >= 0) return own;
  const most = largest(tile, column, () => true);
  return most >= 0 ? most : UNREAD;
}

/** The state with the largest share of a column among those chosen, -1 where there is none. */
function largest(tile: TileColumns, column: number, chosen: (state: number) => boolean): number {
  let found = -1;
  let most = 0;
  for (let s = 0; s < STATES.length; s++) {
    const share = tile.shares[column * STATES.length + s] as number;
    if (share <= most || !chosen(s)) continue;
    most = share;
    found = s;
  }
  return found;
}

function paintedCell(state: number, count: number): string {
  const { letter, back, ink } = CELLS[state] as (typeof CELLS)[number];
  return paint.bgHex(back).hex(ink)(letter.repeat(count));
}

/** Marks under a track, the strongest first: letter, bit of PRESENT, meaning. */
type MarkLane = readonly (readonly [letter: string, bit: number, meaning: string])[];
const HIDING: MarkLane = [
  ['V', PRESENT.holeOverrides, 'A hole that overrides: zeros over content below'],
  ['v', PRESENT.overrides, 'Hides a lower layer’s clusters'],
  ['h', PRESENT.shadowed, 'Hidden because a layer above is shorter'],
];
const DIRTY: MarkLane = [['^', PRESENT.dirty, 'Dirty in a bitmap']];

function markLine(lane: MarkLane, tile: TileColumns, columns: number, seen: Set<string>): string {
  let line = '';
  for (let c = 0; c < columns; c++) {
    const present = tile.present[c] as number;
    const mark = lane.find(([, bit]) => present & bit)?.[0] ?? ' ';
    seen.add(mark);
    line += mark;
  }
  return line.trimEnd();
}

function legend(states: ReadonlySet<number>, marks: ReadonlySet<string>): string[] {
  const cells = [...states]
    .sort((a, b) => a - b)
    .map(s => `${paintedCell(s, 1)} ${STATE_MEANINGS[STATES[s] as (typeof STATES)[number]]}`);
  const letters = [...HIDING, ...DIRTY].filter(([letter]) => marks.has(letter));
  return [...cells, ...letters.map(([letter, , text]) => `${letter} ${text}`)];
}

function ruler(size: number, columns: number): string {
  const start = formatOffset(0);
  const end = formatSize(size);
  return start.length + end.length + 1 > columns ? end : start + end.padStart(columns - start.length);
}
