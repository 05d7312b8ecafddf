/** `cowscope misread`: the ranges of a chain that another reader gets wrong. */
import type { LayerInfo } from '../../../shared/model/layer.ts';
import type { MisreadReader, MisreadResult, MisreadRow } from '../../../shared/model/misread.ts';
import { formatOffset, formatSize } from '../../../shared/text/offset.ts';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';
import { csvRow } from '../../formats/csv.ts';
import { targetOf, usageError } from '../../service/cli-target.ts';
import { misreadTarget } from '../../service/plan/misread-target.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { writeText } from '../output.ts';
import { ProgressLine } from '../progress-line.ts';
import { consentOf, type TargetOptions } from '../target.ts';
import { printWriterNotes } from '../writer-notes.ts';

/** Options of `cowscope misread` as the command line gives them. */
export interface MisreadOptions extends TargetOptions {
  readonly reader: MisreadReader;
  readonly output: 'text' | 'json' | 'csv';
}

/** Name and version of the document: docs/formats/misread.schema.json. */
const SCHEMA = { schema: 'cowscope.misread', version: 1 } as const;

const RESULTS: Readonly<Record<MisreadResult, string>> = {
  below: 'older data of the layers below in place of zeros',
  stale: 'old bytes of the host cluster in place of zeros',
  garbage: 'bytes that are no content of the disk',
  refused: 'nothing: the reader ends with an error',
};

/** Carries out `cowscope misread`. */
export async function misreadCommand(
  targetArgs: readonly string[],
  options: MisreadOptions,
): Promise<ExitCode> {
  const target = targetOf(targetArgs, options);
  if (target.kind === 'nbd')
    throw usageError('the layers of an NBD export are not known', 'name the image file itself');
  const printer = PRINTERS[options.output](options.reader);
  const progress = new ProgressLine();
  await misreadTarget(target, consentOf(options), options.reader, {
    begin: chain => {
      printWriterNotes(chain);
      return writeText(printer.head(chain.layers));
    },
    take: async rows => {
      if (rows.length > 0) await writeText(rows.map(row => printer.row(row)).join(''));
    },
    onRead: progress.showReads,
    onWalk: progress.showLayerWalk,
  });
  await writeText(printer.tail());
  return EXIT.done;
}

/** How rows are written. */
interface Printer {
  head(layers: readonly LayerInfo[]): string;
  row(row: MisreadRow): string;
  tail(): string;
}

const PRINTERS: Readonly<Record<MisreadOptions['output'], (reader: MisreadReader) => Printer>> = {
  text: reader => new TextPrinter(reader),
  json: reader => new JsonPrinter(reader),
  csv: () => ({
    head: () => csvRow(['layer', 'start', 'length', 'reads']),
    row: ({ layer, start, length, reads }) => csvRow([layer, start, length, reads]),
    tail: () => '',
  }),
};

class TextPrinter implements Printer {
  readonly #reader: MisreadReader;
  #names: readonly string[] = [];
  #bytes = 0;
  #rows = 0;

  constructor(reader: MisreadReader) {
    this.#reader = reader;
  }

  head(layers: readonly LayerInfo[]): string {
    this.#names = layers.map(({ name }) => escapeUntrusted(name));
    return `what a reader of the kind ${this.#reader} gets wrong, layer by layer\n`;
  }

  row({ layer, start, length, reads }: MisreadRow): string {
    this.#bytes += length;
    this.#rows++;
    return `  ${formatOffset(start)}  ${formatSize(length).padEnd(12)} ${this.#names[layer] ?? ''}: ${RESULTS[reads]}\n`;
  }

  tail(): string {
    return this.#rows === 0
      ? '  nothing\n'
      : `  ${formatSize(this.#bytes)} in ${this.#rows} ${this.#rows === 1 ? 'range' : 'ranges'}\n`;
  }
}

class JsonPrinter implements Printer {
  readonly #reader: MisreadReader;
  #isFirst = true;

  constructor(reader: MisreadReader) {
    this.#reader = reader;
  }

  head(layers: readonly LayerInfo[]): string {
    const named = layers.map(({ index, name, path, size }) => ({ index, name, path, size }));
    const head = JSON.stringify({ ...SCHEMA, reader: this.#reader, layers: named });
    return `${head.slice(0, -1)},"rows":[`;
  }

  row(row: MisreadRow): string {
    const separator = this.#isFirst ? '\n' : ',\n';
    this.#isFirst = false;
    return separator + JSON.stringify(row);
  }

  tail(): string {
    return this.#isFirst ? ']}\n' : '\n]}\n';
  }
}
