/** The small drawn map of a terminal: one line of letters per track, in the colors of the window. */
import { contrastRatio, pixelOf } from '../../../shared/draw/color-set.ts';
import { STATES, stateAt } from '../../../shared/extent/flags.ts';
import { BITS_OF_STATE, STATE_OF_PART } from '../../../shared/extent/parts.ts';
import { type Legend, type LegendEntry, legendOf, type MarkKey } from '../../../shared/legend.ts';
import { PRESENT, TILE_COLUMNS, type TileColumns } from '../../../shared/model/tile.ts';
import { LIGHT_PALETTE } from '../../../shared/palette.ts';
import { formatOffset, formatSize } from '../../../shared/text/offset.ts';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';
import type { ChainSession } from '../../service/chain-session.ts';
import { colorize } from './colors.ts';

/** Leaves 64 columns of 80: disks and clusters are powers of two. */
const TITLE_CHARACTERS = 15;
const MAX_COLUMNS = TILE_COLUMNS;
const UNREADABLE = STATES.indexOf('unreadable');
const UNREAD = STATES.indexOf('unread');
/** States of what a layer stores itself: one cluster of it is not to vanish in a column of nothing. */
const OWNING_STATES = new Set(
  (['data', 'compressed', 'zeroAllocated', 'zeroHole', 'holeUnknown'] as const).map(state =>
    STATES.indexOf(state),
  ),
);

/** Marks below a track, one line each: of several in a column the first is shown. */
const MARK_LINES: readonly (readonly MarkKey[])[] = [
  ['holeOverrides', 'overrides', 'shadowed'],
  ['dirty', 'dirtyUnknown'],
];

/** The drawing of a chain, or of one layer alone, for a terminal of `width` characters. */
export async function drawMap(
  session: ChainSession,
  layer: number | undefined,
  width: number,
): Promise<string> {
  const size = layer === undefined ? session.chain.size : (session.chain.layers[layer]?.size ?? 0);
  if (size === 0) return 'A disk of 0 bytes: there is nothing to draw.\n';
  const room = Math.max(16, Math.min(MAX_COLUMNS, width - TITLE_CHARACTERS - 1));
  const span = columnSpan(session, size, room);
  const columns = Math.ceil(size / span);
  const tiles = await session.ask('overview', { span, layer });
  const lines = [`${''.padEnd(TITLE_CHARACTERS)} ${ruler(size, columns)}`];
  const states = new Set<number>();
  const marks = new Set<MarkKey>();
  const titles = titlesOf(session, layer);
  const legend = legendOf(session);
  for (const tile of [...tiles].sort((a, b) => a.track - b.track)) {
    if (layer !== undefined && tile.track === 0) continue;
    lines.push(
      `${(titles[tile.track] ?? '').padEnd(TITLE_CHARACTERS)} ${stateLine(tile, columns, legend, states)}`,
    );
    for (const line of MARK_LINES) {
      const under = markLine(line, tile, columns, legend, marks);
      if (under !== '') lines.push(`${''.padEnd(TITLE_CHARACTERS)} ${under}`);
    }
  }
  return `${[...lines, '', ...legendLines(legend, states, marks)].join('\n')}\n`;
}

/** Bytes a character stands for: whole clusters, or a cluster's whole fraction, so that borders fall on borders. */
function columnSpan(session: ChainSession, size: number, room: number): number {
  const unit = Math.max(512, Math.min(...session.chain.layers.map(layer => layer.clusterSize)));
  const units = Math.max(1, Math.ceil(size / unit));
  return units > room ? unit * Math.ceil(units / room) : unit / 2 ** Math.floor(Math.log2(room / units));
}

function titlesOf(session: ChainSession, layer: number | undefined): Record<number, string> {
  const named = (title: string) => escapeUntrusted(title, TITLE_CHARACTERS - 3);
  if (layer !== undefined) return { 1: `${layer} ${named(session.chain.layers[layer]?.name ?? '')}` };
  return Object.fromEntries(
    session.tracks.map(track => [
      track.id,
      track.kind === 'layer' ? `${track.layer} ${named(track.title)}` : named(track.title),
    ]),
  );
}

function stateLine(tile: TileColumns, columns: number, legend: Legend, seen: Set<number>): string {
  let line = '';
  let run = 0;
  for (let c = 0; c < columns; c += run) {
    const state = shownState(tile, c);
    seen.add(state);
    run = 1;
    while (c + run < columns && shownState(tile, c + run) === state) run++;
    line += paintedCell(legend[stateAt(state)], run);
  }
  return line;
}

/**
 * What a column shows: damage before all, it is what the drawing is looked at for; else the state that most of what
 * the layer itself holds has; else the state of most of the column.
 */
function shownState(tile: TileColumns, column: number): number {
  if ((tile.present[column] as number) & (BITS_OF_STATE[UNREADABLE] as number)) return UNREADABLE;
  const own = largest(tile, column, s => OWNING_STATES.has(s));
  if (own >= 0) return own;
  const most = largest(tile, column, () => true);
  return most >= 0 ? most : UNREAD;
}

/** The state with the largest share of a column among those chosen, -1 where there is none. */
function largest(tile: TileColumns, column: number, chosen: (state: number) => boolean): number {
  const shares = new Array<number>(STATES.length).fill(0);
  tile.parts.forEach((part, k) => {
    const state = STATE_OF_PART[part] as number;
    shares[state] = (shares[state] ?? 0) + (tile.shares[k * TILE_COLUMNS + column] as number);
  });
  return shares.reduce((most, share, s) => (share > (shares[most] ?? 0) && chosen(s) ? s : most), -1);
}

/** Letters in the color of their state, or without color; the ink is the one of black and white that reads better. */
function paintedCell({ letter, color }: LegendEntry, count: number): string {
  const { states, lane, frame } = LIGHT_PALETTE;
  const back = color === 'lane' ? lane : color === 'frame' ? frame : states[color];
  const ink =
    contrastRatio(pixelOf(back), pixelOf('#FFFFFF')) >= contrastRatio(pixelOf(back), pixelOf('#000000'))
      ? '#FFFFFF'
      : '#000000';
  return colorize.bgHex(back).hex(ink)(letter.repeat(count));
}

function markLine(
  marks: readonly MarkKey[],
  tile: TileColumns,
  columns: number,
  legend: Legend,
  seen: Set<MarkKey>,
): string {
  let line = '';
  for (let c = 0; c < columns; c++) {
    const present = tile.present[c] as number;
    const mark = marks.find(candidate => present & PRESENT[candidate]);
    if (mark !== undefined) seen.add(mark);
    line += mark === undefined ? ' ' : legend[mark].letter;
  }
  return line.trimEnd();
}

/** What the letters of the drawing mean: label, and the first sentence of the meaning. */
function legendLines(legend: Legend, states: ReadonlySet<number>, marks: ReadonlySet<MarkKey>): string[] {
  const words = ({ label, meaning }: LegendEntry) => `${label}: ${meaning.replace(/(?<=\.) .*$/, '')}`;
  const cells = [...states]
    .sort((a, b) => a - b)
    .map(state => legend[stateAt(state)])
    .map(entry => `${paintedCell(entry, 1)} ${words(entry)}`);
  const shown = MARK_LINES.flat().filter(mark => marks.has(mark));
  return [...cells, ...shown.map(mark => `${legend[mark].letter} ${words(legend[mark])}`)];
}

function ruler(size: number, columns: number): string {
  const start = formatOffset(0);
  const end = formatSize(size);
  return start.length + end.length + 1 > columns ? end : start + end.padStart(columns - start.length);
}
