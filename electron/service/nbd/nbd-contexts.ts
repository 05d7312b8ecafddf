/** Metadata contexts of an NBD export as nbdinfo prints them: any context, several from one pass. */
import { CowscopeError, type ErrorRecord } from '../../../shared/error.ts';
import type { StatusBatch } from '../../../shared/extent/status-batch.ts';
import {
  BASE_ALLOCATION,
  type ContextValue,
  type KnownContext,
  knownContext,
} from '../../../shared/nbd-contexts.ts';
import { nextTurn } from '../../../shared/scheduler.ts';
import { ChunkWriter } from '../../formats/chunk-writer.ts';
import { ListWriter } from '../../formats/list-format.ts';
import { contextFrame, contextRow, contextTotals, nbdinfoFormat } from '../../formats/nbdinfo.ts';
import { connectNbd, type NbdConnection } from '../../nbd/client/client.ts';
import { parseNbdUri } from '../../nbd/uri.ts';
import { walkReconnecting } from '../../nbd/walk/reconnect.ts';
import { createUnreadableLog } from '../read-errors.ts';
import { ContextReader, type ContextRuns, valueOfRun } from './context-runs.ts';
import { KeptRuns } from './kept-runs.ts';

/** What to print. */
export interface ContextListing {
  /** Different names; none means base:allocation. One gives an array, several an object of name to array. */
  readonly contexts: readonly string[];
  readonly totals: boolean;
}

type Write = (text: Uint8Array) => Promise<void>;

/** Text is handed on in chunks of at least this many bytes. */
const CHUNK_BYTES = 2 ** 18;
/** Memory for the runs of all contexts but the first: those of 16 TiB in which every cluster differs from the last. */
const MAX_KEPT_BYTES = 2 ** 29;

/**
 * Writes the listing of an export and returns what the server could not read; those ranges are left out. With several
 * contexts all come from one pass: the rows of the first are written as they come, those of the others are kept until
 * it is done. Rejects with the NBD codes, NBD_CONTEXT_NOT_OFFERED for a context that the server does not have, and
 * TOO_MANY_EXTENTS when the others have more rows than can be kept, or totals more different values.
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
  const output = new ListingOutput(write);
  const printers = names.map((name, i) => createPrinter(name, connection, listing, i, output));
  const readers = connection.contexts.map(({ name }) => ({
    reader: new ContextReader(),
    printer: printers[names.indexOf(name)] as ContextPrinter,
  }));
  const unreadable = createUnreadableLog();
  const onBatch = async (batch: StatusBatch) => {
    unreadable.add(batch);
    for (const list of batch.lists) {
      const { reader, printer } = readers[list.contextIndex] as (typeof readers)[number];
      for (const runs of reader.read(list, batch)) {
        printer.add(runs);
        if (output.isFull) await output.flush();
      }
      checkKept(printers, connection);
    }
  };
  try {
    connection = await walkReconnecting(connection, {}, onBatch, { reopen });
    for (const { reader, printer } of readers) printer.add(reader.finish());
    for (const printer of printers) await printer.finish();
    await output.flush();
  } finally {
    await connection.close();
  }
  return unreadable.list();
}

function checkKept(printers: readonly ContextPrinter[], { subject }: NbdConnection): void {
  if (printers.reduce((sum, { keptBytes }) => sum + keptBytes, 0) <= MAX_KEPT_BYTES) return;
  throw new CowscopeError({
    code: 'TOO_MANY_EXTENTS',
    what: 'the server describes more extents, or more different values, than can be kept until they are printed',
    subject,
    advice: 'ask for one context at a time',
  });
}

/** Text on its way out. */
class ListingOutput {
  readonly chunks = new ChunkWriter(2 * CHUNK_BYTES);
  readonly #write: Write;
  #memory: ArrayBuffer | undefined;

  constructor(write: Write) {
    this.#write = write;
  }

  /** True where there is enough text to hand on. */
  get isFull(): boolean {
    return this.chunks.length >= CHUNK_BYTES;
  }

  async flush(): Promise<void> {
    const text = this.chunks.take(this.#memory);
    await this.#write(text);
    await nextTurn(); // what has come meanwhile is read, so that the server goes on
    this.#memory = text.buffer;
  }
}

/** What becomes of one context's runs. */
interface ContextPrinter {
  /** Memory of what waits to be printed. */
  readonly keptBytes: number;
  add(runs: ContextRuns): void;
  /** Prints the rest. Called in the order of the contexts. */
  finish(): Promise<void>;
}

function createPrinter(
  name: string,
  { size }: NbdConnection,
  { contexts, totals }: ContextListing,
  index: number,
  output: ListingOutput,
): ContextPrinter {
  const frame = contextFrame(contexts, index);
  if (totals) return new TotalsPrinter(name, size, frame, output);
  return index === 0
    ? new RowPrinter(name, size, frame, output)
    : new KeepingPrinter(name, size, frame, output);
}

type Frame = ReturnType<typeof contextFrame>;

/** Prints rows as they come. */
class RowPrinter implements ContextPrinter {
  readonly keptBytes = 0;
  readonly #context: KnownContext | undefined;
  readonly #size: number;
  readonly #frame: Frame;
  readonly #output: ListingOutput;
  readonly #list: ListWriter;

  constructor(name: string, size: number, frame: Frame, output: ListingOutput) {
    this.#context = knownContext(name);
    this.#size = size;
    this.#frame = frame;
    this.#output = output;
    this.#list = new ListWriter(nbdinfoFormat(this.#context), output.chunks);
    output.chunks.text(frame.head);
    this.#list.begin();
  }

  add(runs: ContextRuns): void {
    if (hasPlainValues(runs)) {
      this.#list.rows(runs);
      return;
    }
    for (let i = 0; i < runs.count; i++) {
      const value = valueOfRun(runs, i);
      this.#list.row(contextRow(this.#context, runs.starts[i] as number, runs.lengths[i] as number, value));
    }
  }

  async finish(): Promise<void> {
    this.#list.end(this.#size);
    this.#output.chunks.text(this.#frame.tail);
  }
}

/** Values below this are keys of rows; others are rare. */
const PLAIN_VALUES = 256;

function hasPlainValues({ count, keys, highs }: ContextRuns): boolean {
  for (let i = 0; i < count; i++)
    if ((keys[i] as number) >>> 0 >= PLAIN_VALUES || highs[i] !== 0) return false;
  return true;
}

/** Keeps runs until the contexts before this one are printed. */
class KeepingPrinter implements ContextPrinter {
  readonly #kept = new KeptRuns();
  readonly #createPrinter: () => RowPrinter;
  readonly #output: ListingOutput;

  constructor(name: string, size: number, frame: Frame, output: ListingOutput) {
    this.#createPrinter = () => new RowPrinter(name, size, frame, output);
    this.#output = output;
  }

  get keptBytes(): number {
    return this.#kept.bytes;
  }

  add(runs: ContextRuns): void {
    this.#kept.add(runs);
  }

  async finish(): Promise<void> {
    const printer = this.#createPrinter();
    for (const runs of this.#kept.take()) {
      printer.add(runs);
      if (this.#output.isFull) await this.#output.flush();
    }
    await printer.finish();
  }
}

/** Memory of one sum, roughly. */
const SUM_BYTES = 64;

/** Sums lengths per value. */
class TotalsPrinter implements ContextPrinter {
  readonly #sums = new Map<ContextValue, number>();
  readonly #print: (sums: readonly [ContextValue, number][]) => void;

  constructor(name: string, size: number, { head, tail }: Frame, { chunks }: ListingOutput) {
    this.#print = sums => chunks.text(`${head}${contextTotals(knownContext(name), sums, size)}${tail}`);
  }

  get keptBytes(): number {
    return this.#sums.size * SUM_BYTES;
  }

  add(runs: ContextRuns): void {
    for (let i = 0; i < runs.count; i++) {
      const value = valueOfRun(runs, i);
      this.#sums.set(value, (this.#sums.get(value) ?? 0) + (runs.lengths[i] as number));
    }
  }

  async finish(): Promise<void> {
    this.#print([...this.#sums].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  }
}
