/** A main process in memory: answers the window's calls from a fake chain. For tests and for looking at the window. */
import { addExtent, createColumns, presentBits, toTile } from '../../shared/extent/columns.ts';
import { LOCAL, STATES, stateIndexOf, stateOf } from '../../shared/extent/flags.ts';
import type { AppState, Bridge, CallName, IpcCalls, IpcPushes, PushName } from '../../shared/ipc/contract.ts';
import { type ExtentsReply, MAX_EXACT_EXTENTS } from '../../shared/ipc/questions.ts';
import type { Inspection } from '../../shared/model/inspection.ts';
import type { NbdExportInfo } from '../../shared/model/nbd-export.ts';
import type { TrackStatistics } from '../../shared/model/statistics.ts';
import { PRESENT, TILE_COLUMNS, type TileColumns } from '../../shared/model/tile.ts';
import type { Result } from '../../shared/result.ts';
import { fail, ok } from '../../shared/result.ts';
import type { FakeChain } from './fake-chain.ts';

type Handler<C extends CallName> = (args: IpcCalls[C]['args']) => Result<IpcCalls[C]['reply']>;
/** Calls without a handler are answered with the error TEST. */
type Handlers = { [C in CallName]?: Handler<C> };

/** A bridge whose calls are recorded and whose pushes a test can send. */
export interface FakeBridge extends Bridge {
  readonly calls: { readonly name: CallName; readonly args: unknown }[];
  push<P extends PushName>(name: P, payload: IpcPushes[P]): void;
  /** Replaces the answers to one call. */
  answer<C extends CallName>(name: C, handler: Handler<C>): void;
}

/** A bridge that opens `chain` whatever is asked for. */
export function fakeBridge(chain: FakeChain, app: Partial<AppState> = {}): FakeBridge {
  const listeners = new Map<PushName, Set<(payload: never) => void>>();
  const calls: FakeBridge['calls'] = [];
  const handlers: Handlers = {
    'app:state': () => ok({ version: '0.1.0', platform: 'linux', recent: [], samples: [], ...app }),
    'app:clearRecent': () => ok(null),
    'app:idle': () => ok(null),
    'dialog:openFiles': () => ok(['/images/top.qcow2']),
    'chain:open': () => ok({ sessionId: 1, chain: chain.info, tracks: chain.tracks }),
    'chain:close': () => ok(null),
    'chain:cancel': () => ok(null),
    'chain:retry': () => ok(null),
    'chain:tiles': ({ level, first, count }) =>
      ok({ level, version: 1, tiles: tilesOf(chain, level, first, count) }),
    'chain:extents': ({ start, end }) => ok(extentsOf(chain, start, end)),
    'chain:inspect': ({ offset }) => ok(inspect(chain, offset)),
    'chain:statistics': ({ start, end }) =>
      ok(chain.tracks.map(({ id }) => statistics(chain, id, start, end))),
    'chain:seek': ({ track, from, backwards, kind }) => ok(seek(chain, track, from, backwards, kind)),
    'nbd:cancelList': () => ok(null),
    'nbd:list': () =>
      ok<readonly NbdExportInfo[]>([
        {
          name: 'vm7/disk0',
          description: 'root disk',
          uri: 'nbd://storage-3/vm7/disk0',
          flags: [],
          size: 2 ** 36,
          contexts: ['base:allocation', 'qemu:allocation-depth'],
        },
        {
          name: '',
          description: '',
          uri: 'nbd://storage-3',
          flags: [],
          size: 2 ** 30,
          contexts: ['base:allocation'],
        },
      ]),
  };
  return {
    calls,
    call: async (name, args) => {
      calls.push({ name, args });
      const handler: ((given: typeof args) => Result<IpcCalls[typeof name]['reply']>) | undefined =
        handlers[name];
      return handler?.(args) ?? fail({ code: 'TEST', what: 'no handler', subject: name, advice: '' });
    },
    on(name, listener) {
      const set = listeners.get(name) ?? new Set();
      listeners.set(name, set);
      set.add(listener);
      return () => set.delete(listener);
    },
    push(name, payload) {
      for (const listener of listeners.get(name) ?? []) listener(payload as never);
    },
    answer(name, handler) {
      Object.assign(handlers, { [name]: handler });
    },
    pathOfDropped: file => `/images/${(file as File).name}`,
  };
}

function* runs(chain: FakeChain, track: number, start: number, end: number) {
  const words = chain.words[track]!;
  let i = at(chain, start);
  while (i < chain.starts.length && chain.starts[i]! < end) {
    const first = i;
    while (
      ++i < chain.starts.length &&
      words[i] === words[first] &&
      (track > 0 || chain.stops[i] === chain.stops[first])
    );
    const from = Math.max(start, chain.starts[first]!);
    const to = Math.min(end, chain.starts[i] ?? chain.info.size);
    if (to > from) yield { from, to, word: words[first]!, stop: chain.stops[first]! };
  }
}

function at(chain: FakeChain, offset: number): number {
  let low = 0;
  let high = chain.starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (chain.starts[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

function tilesOf(chain: FakeChain, level: number, first: number, count: number): TileColumns[] {
  const tiles: TileColumns[] = [];
  const span = 2 ** level;
  for (let tile = first; tile < first + count; tile++) {
    const origin = tile * span * TILE_COLUMNS;
    const end = Math.min(origin + span * TILE_COLUMNS, chain.info.size);
    if (origin >= end) break;
    for (const { id } of chain.tracks) {
      const columns = createColumns(TILE_COLUMNS, span, id === 0);
      for (const { from, to, word, stop } of runs(chain, id, origin, end)) {
        addExtent(columns, origin, from, to, word);
        if (columns.owners !== undefined && word & LOCAL)
          own(columns.owners, stop, span, from - origin, to - origin);
      }
      tiles.push(toTile(columns, id, tile));
    }
  }
  return tiles;
}

/** Adds the bytes [from, to) that an owner has, column by column. */
function own(
  owners: (Float64Array | undefined)[],
  owner: number,
  span: number,
  from: number,
  to: number,
): void {
  owners[owner] ??= new Float64Array(TILE_COLUMNS);
  for (let c = Math.floor(from / span); c * span < to; c++)
    owners[owner][c]! += Math.min(to, (c + 1) * span) - Math.max(from, c * span);
}

function extentsOf(chain: FakeChain, start: number, end: number): ExtentsReply {
  let total = 0;
  const tracks = [];
  for (const { id } of chain.tracks) {
    const starts: number[] = [];
    const words: number[] = [];
    const owners: number[] = [];
    for (const { from, word, stop } of runs(chain, id, start, end)) {
      starts.push(from);
      words.push(word);
      if (id === 0) owners.push(stop);
      if (++total > MAX_EXACT_EXTENTS) return { tooMany: true, version: 1 };
    }
    tracks.push({
      track: id,
      starts: Float64Array.from(starts),
      words: Uint32Array.from(words),
      owners: Int16Array.from(owners),
    });
  }
  return { tooMany: false, version: 1, end, tracks };
}

function runAt(chain: FakeChain, track: number, offset: number) {
  const words = chain.words[track]!;
  let first = at(chain, offset);
  let last = first;
  while (first > 0 && words[first - 1] === words[last]) first--;
  while (last + 1 < words.length && words[last + 1] === words[first]) last++;
  return { start: chain.starts[first]!, end: chain.starts[last + 1] ?? chain.info.size, word: words[first]! };
}

function inspect(chain: FakeChain, offset: number): Inspection {
  const guest = runAt(chain, 0, offset);
  const stop = chain.stops[at(chain, offset)]!;
  const name = chain.info.layers[stop]?.name;
  const layers = chain.tracks.slice(1).map(({ id, layer, title }) => {
    const run = runAt(chain, id, offset);
    return {
      track: id,
      layer,
      title,
      ...run,
      evidence: [
        { fact: stateOf(run.word), source: 'L2 entry', value: `0x8000000000050000 COPIED, host 0x5_0000` },
        { fact: 'allocated here', source: 'NBD qemu:allocation-depth', value: '1' },
      ],
      hostOffset: run.word & LOCAL ? 0x50000 : -1,
      clusterSize: chain.info.layers[layer]!.clusterSize,
      l1Index: 0,
      l2Index: Math.floor(offset / 65536),
    };
  });
  return {
    offset,
    ...guest,
    owner: guest.word & LOCAL ? stop : -1,
    overridden: [],
    shadowed: [],
    sentence:
      guest.word & LOCAL
        ? `Reads ${stateOf(guest.word)} from ${name}.`
        : 'Reads as zeros: no layer holds anything here.',
    layers,
  };
}

function statistics(chain: FakeChain, track: number, start: number, end: number): TrackStatistics {
  const zeros = () => STATES.map(() => 0);
  const sums = { bytes: zeros(), runs: zeros(), shortest: zeros(), longest: zeros(), median: zeros() };
  const lengths = STATES.map((): number[] => []);
  const marks = { overrides: 0, holeOverrides: 0, shadowed: 0, dirty: 0 };
  for (const { from, to, word } of runs(chain, track, start, end)) {
    lengths[stateIndexOf(word)]!.push(to - from);
    for (const mark of Object.keys(marks) as (keyof typeof marks)[])
      if (presentBits(word) & PRESENT[mark]) marks[mark] += to - from;
  }
  lengths.forEach((list, s) => {
    list.sort((a, b) => a - b);
    sums.bytes[s] = list.reduce((sum, length) => sum + length, 0);
    sums.runs[s] = list.length;
    sums.shortest[s] = list[0] ?? 0;
    sums.longest[s] = list.at(-1) ?? 0;
    sums.median[s] = list[list.length >> 1] ?? 0;
  });
  return {
    track,
    ...sums,
    overrideBytes: marks.overrides,
    holeOverrideBytes: marks.holeOverrides,
    shadowedBytes: marks.shadowed,
    dirtyBytes: marks.dirty,
  };
}

function seek(
  chain: FakeChain,
  track: number,
  from: number,
  backwards: boolean,
  kind: IpcCalls['chain:seek']['args']['kind'],
): number {
  const bits = {
    change: 0,
    override: PRESENT.overrides,
    holeOverride: PRESENT.holeOverrides,
    dirty: PRESENT.dirty,
    damaged: PRESENT.damaged,
  };
  const wanted = typeof kind === 'object' ? 1 << kind.state : bits[kind];
  let found = -1;
  for (const run of runs(chain, track, 0, chain.info.size)) {
    if (wanted !== 0 && (presentBits(run.word) & wanted) === 0) continue;
    if (backwards && run.from < from) found = run.from;
    if (!backwards && run.from > from) return run.from;
  }
  return found;
}
