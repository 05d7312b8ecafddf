/** Metadata contexts of an NBD export as nbdinfo prints them: any context, several from one pass. */
import { CowscopeError, type ErrorRecord } from '../../shared/error.ts';
import type { StatusBatch, StatusList } from '../../shared/extent/status-batch.ts';
import { StatusCursor } from '../../shared/extent/status-cursor.ts';
import { BASE_ALLOCATION, knownContext } from '../../shared/nbd-contexts.ts';
import { contextFrame, contextRow, contextTotals } from '../formats/nbdinfo.ts';
import { connectNbd } from '../nbd/client/client.ts';
import { parseNbdUri } from '../nbd/uri.ts';
import { walkReconnecting } from '../nbd/walk/reconnect.ts';
import { createUnreadableLog } from './read-errors.ts';

/** What to print. */
export interface ContextListing {
  /** Different names; none means base:allocation. One gives an array, several an object of name to array. */
  readonly contexts: readonly string[];
  readonly totals: boolean;
}

type Write = (text: string) => Promise<void>;
type RowSink = (start: number, length: number, word: number) => void;

/** Text longer than this is handed on. */
const CHUNK_CHARS = 2 ** 18;
/** Rows kept of all contexts but the first: 800 MB of numbers. */
const MAX_KEPT_ROWS = 2 ** 25;
const KEPT_PER_CHUNK = 2 ** 14;

/**
 * Writes the listing of an export and returns what the server could not read; those ranges are left out. With several
 * contexts all come from one pass: the rows of the first are written as they come, those of the others are kept until
 * it is done. Rejects with the NBD codes, NBD_CONTEXT_NOT_OFFERED for a context that the server does not have, and
 * TOO_MANY_EXTENTS when the others have more rows than can be kept.
 */
export async function streamNbdContexts(
  uri: string,
  listing: ContextListing,
  write: Write,
): Promise<readonly ErrorRecord[]> {
  const names = listing.contexts.length === 0 ? [BASE_ALLOCATION] : listing.contexts;
  const address = parseNbdUri(uri, { allowLocalFiles: true });
  const reopen = () => connectNbd(address, { contexts: names, requiredContexts: names });
  let connection = await reopen();
  const printers = names.map((name, i) => {
    const { head, tail } = contextFrame(names, i);
    return createPrinter(name, connection, listing.totals, i === 0, head, tail);
  });
  const lanes = connection.contexts.map(({ name }) =>
    createLane((printers[names.indexOf(name)] as Printer).add),
  );
  const unreadable = createUnreadableLog();
  const onBatch = async (batch: StatusBatch) => {
    unreadable.add(batch);
    for (const list of batch.lists) addList(lanes[list.contextIndex] as Lane, list, batch);
    await printers[0]?.writeReady(write);
  };
  try {
    connection = await walkReconnecting(connection, {}, onBatch, { reopen });
    for (const lane of lanes) finishRow(lane);
    for (const printer of printers) await printer.finish(write);
  } finally {
    await connection.close();
  }
  return unreadable.list();
}

/** What becomes of one context's rows. */
interface Printer {
  readonly add: RowSink;
  /** Writes what is ready, so that it need not be kept. */
  writeReady(write: Write): Promise<void>;
  /** Writes the rest. */
  finish(write: Write): Promise<void>;
}

function createPrinter(
  name: string,
  { size, subject }: { readonly size: number; readonly subject: string },
  totals: boolean,
  first: boolean,
  head: string,
  tail: string,
): Printer {
  const kind = knownContext(name);
  if (totals) {
    const sums = new Map<number, number>();
    return {
      add: (_, length, word) => sums.set(word, (sums.get(word) ?? 0) + length),
      async writeReady() {},
      finish: write =>
        write(
          `${head}${contextTotals(
            kind,
            [...sums].sort((a, b) => a[0] - b[0]),
            size,
          )}${tail}`,
        ),
    };
  }
  let text = `${head}[\n`;
  let rows = 0;
  const addText: RowSink = (start, length, word) => {
    const row = contextRow(kind, start, length, word);
    text += rows++ === 0 ? row : `,\n${row}`;
  };
  const writeReady = async (write: Write, least = CHUNK_CHARS) => {
    if (text.length < least) return;
    const ready = text;
    text = '';
    await write(ready);
  };
  const kept = createKeptRows(subject);
  return {
    add: first ? addText : kept.add,
    writeReady,
    async finish(write) {
      for (const chunk of kept.chunks()) {
        for (let at = 0; at < chunk.length; at += 3)
          addText(chunk[at] as number, chunk[at + 1] as number, chunk[at + 2] as number);
        await writeReady(write);
      }
      text += `\n]\n${tail}`;
      await writeReady(write, 0);
    },
  };
}

/** Rows as numbers, three for each. */
function createKeptRows(subject: string): { readonly add: RowSink; chunks(): Iterable<Float64Array> } {
  const chunks: Float64Array[] = [];
  let count = 0;
  return {
    add(start, length, word) {
      const at = count % KEPT_PER_CHUNK;
      if (at === 0) chunks.push(new Float64Array(3 * KEPT_PER_CHUNK));
      if (count++ === MAX_KEPT_ROWS)
        throw new CowscopeError({
          code: 'TOO_MANY_EXTENTS',
          what: `the second context and those after it have more than ${MAX_KEPT_ROWS} extents`,
          subject,
          advice: 'ask for one context at a time',
        });
      chunks.at(-1)?.set([start, length, word], 3 * at);
    },
    *chunks() {
      for (const [i, chunk] of chunks.entries()) yield chunk.subarray(0, 3 * (count - i * KEPT_PER_CHUNK));
    },
  };
}

/** The row of one context that may still grow. */
interface Lane {
  readonly sink: RowSink;
  start: number;
  end: number;
  word: number;
}

function createLane(sink: RowSink): Lane {
  return { sink, start: 0, end: 0, word: -1 };
}

function addList(lane: Lane, list: StatusList, { offset, covered }: StatusBatch): void {
  const stop = offset + covered;
  let position = offset;
  for (const cursor = new StatusCursor(list); position < stop; cursor.advance()) {
    const length = cursor.length();
    const word = cursor.high() * 2 ** 32 + cursor.low();
    const end = Math.min(stop, position + length);
    if (word !== lane.word || position !== lane.end) {
      finishRow(lane);
      lane.start = position;
      lane.word = word;
    }
    lane.end = end;
    position = end;
  }
}

function finishRow({ sink, start, end, word }: Lane): void {
  if (end > start) sink(start, end - start, word);
}
