/** `cowscope compare`: where two disks differ as a guest reads them, by what is stored and, on request, by content. */
import type { ErrorRecord } from '../../../shared/error.ts';
import { type ComparisonVerdict, verdictOfComparison } from '../../../shared/model/comparison.ts';
import type { LayerInfo } from '../../../shared/model/layer.ts';
import type { OpenTarget } from '../../../shared/model/target.ts';
import { COMPARE_CSV_HEAD, compareCsvRows } from '../../formats/compare-csv.ts';
import { compareJsonHead, compareJsonRows, compareJsonTail } from '../../formats/compare-json.ts';
import { targetOf, usageError } from '../../service/cli-target.ts';
import { type ComparedChain, compareTargets } from '../../service/compare/compare-targets.ts';
import { EXIT, type ExitCode, settleExit } from '../exit-codes.ts';
import { missingBacking } from '../missing-links.ts';
import { printErrorRecord, writeText } from '../output.ts';
import { ProgressLine } from '../progress-line.ts';
import { consentOf, type TargetOptions } from '../target.ts';
import { compareHead, compareRow, compareTail } from '../text/compare-text.ts';
import { printWriterNotes } from '../writer-notes.ts';

/** Options of `cowscope compare` as the command line gives them; those of the second disk begin with `with`. */
export interface CompareCommandOptions extends Omit<TargetOptions, 'locate'> {
  readonly layer?: number;
  readonly withLayer?: number;
  readonly withFormat?: 'raw' | 'qcow2';
  readonly withSnapshot?: string;
  readonly content: boolean;
  readonly strict: boolean;
  readonly output: 'text' | 'json' | 'csv';
}

const EXIT_OF: Readonly<Record<ComparisonVerdict, ExitCode>> = {
  same: EXIT.done,
  different: EXIT.different,
  mayDiffer: EXIT.different,
  incomplete: EXIT.trouble,
};

/** Carries out `cowscope compare`. */
export async function compareCommand(
  first: string,
  second: string | undefined,
  options: CompareCommandOptions,
): Promise<ExitCode> {
  const { content, strict } = options;
  settleExit(EXIT.trouble); // until the outcome is known
  const sides = sidesOf(first, second, options);
  const printer = printerOf(options.output, { content, strict });
  const progress = new ProgressLine();
  const how = {
    consent: consentOf(options),
    witness: 'metadata' as const,
    allowLocalFiles: true,
    forceShare: options.forceShare ?? false,
  };
  const chains: ComparedChain[] = [];
  const {
    sums,
    lost,
    sizes,
    errors: found,
  } = await compareTargets(sides, content, how, {
    begin(a, b) {
      chains.push(a, b);
      return writeText(printer.head(a, b));
    },
    take: rows => writeText(printer.rows(rows)),
    progress: ({ at, size }) => progress.showWalk(at, size),
  });
  progress.clear();
  const missing = sums.kinds.unreadable.bytes === 0 ? [] : chains.flatMap(missingFiles);
  // That data of a file which is not open cannot be read says no more than why it is not open.
  const errors = [
    ...missing,
    ...found.filter(({ code }) => missing.length === 0 || code !== 'CONTENT_NOT_OPEN'),
  ];
  const verdict = errors.length > 0 ? 'incomplete' : verdictOfComparison(sums, { strict, sizes });
  await writeText(printer.tail({ sums, lost, verdict, errors }));
  for (const chain of new Set(chains.map(one => one.chain))) printWriterNotes(chain);
  for (const error of errors) printErrorRecord(error);
  return EXIT_OF[verdict];
}

/** Backing files and data files that could not be opened, from the base of what is compared. */
function missingFiles({ chain }: ComparedChain): ErrorRecord[] {
  return chain.layers.flatMap(layer => [...missingBacking(layer), ...closedDataFile(layer)]);
}

function closedDataFile({ dataFile }: LayerInfo): ErrorRecord[] {
  return dataFile?.error === undefined ? [] : [dataFile.error];
}

/** Both sides. Without a second file it is the first one again, of which another layer or snapshot has to be named. */
function sidesOf(first: string, second: string | undefined, options: CompareCommandOptions) {
  const { layer, withLayer, format, withFormat, snapshot, withSnapshot, backingFormat } = options;
  if (second === undefined && layer === withLayer && snapshot === withSnapshot)
    throw usageError(
      'one disk is named, and nothing else of it to compare it with',
      'name a second disk, or another --layer or --snapshot of this one',
      first,
    );
  const target = (arg: string, own: Pick<TargetOptions, 'format' | 'snapshot'>): OpenTarget =>
    targetOf([arg], { ...own, locate: [], ...(backingFormat === undefined ? {} : { backingFormat }) });
  const b = { format: second === undefined ? (withFormat ?? format) : withFormat, snapshot: withSnapshot };
  return [
    { target: target(first, defined({ format, snapshot })), layer },
    { target: target(second ?? first, defined(b)), layer: withLayer },
  ] as const;
}

/** Without the fields that are undefined. */
function defined<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const set = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as { [K in keyof T]: Exclude<T[K], undefined> };
}

/** How the outcome is written. */
interface Printer {
  head(a: ComparedChain, b: ComparedChain): string;
  rows(rows: Rows): string;
  tail(tail: Tail): string;
}

function printerOf(output: CompareCommandOptions['output'], how: Compared): Printer {
  switch (output) {
    case 'json':
      return new JsonPrinter(how);
    case 'csv':
      return new CsvPrinter();
    case 'text':
      return new TextPrinter();
  }
}

/** The options that the document names. */
interface Compared {
  readonly content: boolean;
  readonly strict: boolean;
}

type Rows = Parameters<typeof compareJsonRows>[0];
type Tail = Parameters<typeof compareJsonTail>[0];

class TextPrinter implements Printer {
  readonly tail = (tail: Tail): string => compareTail(tail);
  #sides: readonly [ComparedChain, ComparedChain] | undefined;

  head(a: ComparedChain, b: ComparedChain): string {
    this.#sides = [a, b];
    return compareHead(a, b);
  }

  rows(rows: Rows): string {
    const sides = this.#sides;
    return sides === undefined ? '' : rows.map(row => compareRow(row, sides)).join('');
  }
}

/** The rows alone: the exit code has the outcome, and standard error what could not be read. */
class CsvPrinter implements Printer {
  #sides: readonly [ComparedChain, ComparedChain] | undefined;

  head(a: ComparedChain, b: ComparedChain): string {
    this.#sides = [a, b];
    return COMPARE_CSV_HEAD;
  }

  rows(rows: Rows): string {
    return this.#sides === undefined ? '' : compareCsvRows(rows, this.#sides);
  }

  tail(): string {
    return '';
  }
}

class JsonPrinter implements Printer {
  readonly tail = compareJsonTail;
  readonly #how: Compared;
  #sides: readonly [ComparedChain, ComparedChain] | undefined;
  #isFirst = true;

  constructor(how: Compared) {
    this.#how = how;
  }

  head(a: ComparedChain, b: ComparedChain): string {
    this.#sides = [a, b];
    return compareJsonHead(a, b, this.#how);
  }

  rows(rows: Rows): string {
    if (this.#sides === undefined) return '';
    const text = compareJsonRows(rows, this.#sides, this.#isFirst);
    this.#isFirst = false;
    return text;
  }
}
