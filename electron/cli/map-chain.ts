/** What `cowscope map` prints of a chain: in our own form or in that of qemu-img and nbdinfo. */
import { CowscopeError, type ErrorRecord, errorRecord } from '../../shared/error.ts';
import { legendOf, legendOfGuest } from '../../shared/legend.ts';
import { type Finding, WHOLE_CHAIN } from '../../shared/model/finding.ts';
import type { ChainInfo, LayerInfo } from '../../shared/model/layer.ts';
import type { OpenTarget } from '../../shared/model/target.ts';
import { contextWithRole } from '../../shared/nbd-contexts.ts';
import { findingRecord, placedSentence } from '../../shared/text/finding-text.ts';
import { type MapSubject, mapJsonHead, mapJsonTail } from '../formats/map-json.ts';
import { mapTextDifferences, mapTextTotals } from '../formats/map-text.ts';
import { contextFrame, contextTotals } from '../formats/nbdinfo.ts';
import { type QemuImgVersion, qemuImgDialect } from '../formats/qemu-img-versions.ts';
import { findQemuNbd, qemuImgVersion } from '../qemu/tools.ts';
import { type ChainSession, openChain } from '../service/chain-session.ts';
import { usageError } from '../service/cli-target.ts';
import { contextSpec } from '../service/contexts.ts';
import { captureNotServed } from '../service/open-files.ts';
import type { WitnessChoice } from '../service/session-options.ts';
import { EXIT, type ExitCode, settleExit } from './exit-codes.ts';
import { isPartFinding, missingBacking, missingDataFile } from './missing-links.ts';
import { outputWidth, printErrorRecord, printNote, writeLine, writeText } from './output.ts';
import { ProgressLine } from './progress-line.ts';
import { consentOf, type TargetOptions } from './target.ts';
import { drawMap } from './text/map-drawing.ts';

/** Options of `cowscope map` as the command line gives them. */
export interface MapOptions extends TargetOptions {
  readonly layer?: number;
  readonly totals: boolean;
  readonly witness: WitnessChoice;
  readonly as?: 'qemu-img' | 'nbdinfo';
  readonly context: readonly string[];
  readonly hostOffsets: boolean;
  readonly qemuVersion?: QemuImgVersion;
  readonly output: 'text' | 'json' | 'csv';
}

/** Opens the chain and prints its map. `options` go together, and name the contexts where contexts are printed. */
export async function mapChain(target: OpenTarget, options: MapOptions): Promise<ExitCode> {
  const progress = new ProgressLine();
  const choice = {
    consent: consentOf(options),
    witness: options.witness,
    buildPyramid: false,
    allowLocalFiles: true,
    forceShare: options.forceShare ?? false,
    onRead: progress.showReads,
  };
  const session = await openChain(target, choice, { onWalk: progress.showWalk });
  try {
    return await printMap(session, options);
  } finally {
    progress.clear();
    await session.close();
  }
}

/** Prints the map in each format but JSON, which holds what the others say on standard error. */
const ROW_PRINTERS: Readonly<
  Record<Exclude<MapOptions['output'], 'json'>, (session: ChainSession, options: MapOptions) => Promise<void>>
> = { text: printText, csv: printCsv };

async function printMap(session: ChainSession, options: MapOptions): Promise<ExitCode> {
  const { layer } = options;
  const { layers } = session.chain;
  if (layer !== undefined && layers[layer] === undefined)
    throw usageError(
      `there is no layer ${layer}: the chain has ${layers.length === 1 ? 'layer 0 alone' : `layers 0 to ${layers.length - 1}`}`,
      'cowscope layers lists them',
      layers.at(-1)?.path,
    );
  const unread = await unreadParts(session, options);
  if (unread.length > 0) settleExit(EXIT.partial); // what is lost is known once everything has been read
  if (options.as === 'qemu-img') await printAsQemuImg(session, options);
  else if (options.as === 'nbdinfo') await printContexts(session, options);
  else if (options.output === 'json') return await printJson(session, options, unread);
  else await ROW_PRINTERS[options.output](session, options);
  // What is wrong with the tables is known only once everything has been read.
  const findings = await session.allFindings(layer);
  for (const text of notesOf(session, layer, findings)) printNote(text);
  return conclude(unread, session, findings);
}

/** Says on standard error what is missing or lost, and gives the exit code for it. */
function conclude(
  missing: readonly ErrorRecord[],
  session: ChainSession,
  findings: readonly Finding[],
): ExitCode {
  const lost = findings
    .filter(isPartFinding)
    .map(finding => findingRecord(finding, session.chain.layers[finding.layer]?.path ?? ''));
  for (const record of [...missing, ...lost]) printErrorRecord(record);
  return missing.length + lost.length > 0 ? EXIT.partial : EXIT.done;
}

/**
 * What the witnesses asked for could not read, the links that could not be followed and the data files that are not
 * there; of one layer alone, where that is asked for. Throws the error of a map of which nothing could be read.
 */
async function unreadParts(session: ChainSession, options: MapOptions): Promise<ErrorRecord[]> {
  const { layers } = session.chain;
  const concerns = ({ layer }: { layer: number }) => options.layer === undefined || layer === options.layer;
  const concernsLayer = ({ index }: { index: number }) => concerns({ layer: index });
  const failed = (await session.fed()).filter(concerns);
  const parts = [...failed, ...session.unreadable().filter(concerns)].map(({ layer, error }) => ({
    ...error,
    subject: layers[layer]?.path ?? error.subject,
  }));
  const noQemu = parts.find(({ code }) => code === 'QEMU_NBD_MISSING');
  if (noQemu !== undefined && options.witness === 'nbd') throw new CowscopeError(noQemu);
  if (options.witness === 'both')
    parts.push(...(await uncompared(session.chain, layers.filter(concernsLayer))));
  if (options.layer === undefined) parts.push(...layers.flatMap(missingBacking));
  return [...parts, ...layers.filter(concernsLayer).flatMap(missingDataFile)];
}

/** Why layers that both witnesses were to read have been read by the metadata witness alone. */
async function uncompared(chain: ChainInfo, layers: readonly LayerInfo[]): Promise<ErrorRecord[]> {
  if (chain.capture !== undefined) return [errorRecord(captureNotServed(chain, 'both'))];
  const images = layers.filter(({ qcow2 }) => qcow2 !== undefined);
  if (images.length > 0 && (await findQemuNbd()) === undefined)
    return [
      {
        code: 'QEMU_NBD_MISSING',
        what: 'qemu-nbd is not installed, so the metadata could not be compared with it',
        subject: '',
        advice: 'install qemu-utils, or leave --witness both out',
      },
    ];
  return images.flatMap(({ dataFile }) =>
    dataFile?.error === undefined || dataFile.status === 'missing' ? [] : [dataFile.error],
  );
}

/** What is worth knowing and no loss: of the chain, then layer by layer. Where witnesses differ is listed elsewhere. */
function notesOf({ chain }: ChainSession, layer: number | undefined, findings: readonly Finding[]): string[] {
  const found = (index: number) =>
    findings
      .filter(
        finding => finding.layer === index && !isPartFinding(finding) && finding.witnesses === undefined,
      )
      .map(placedSentence);
  const own = chain.layers.flatMap(({ index, name, notes }) =>
    layer === undefined || index === layer ? [...found(index), ...notes].map(text => `${name}: ${text}`) : [],
  );
  return layer === undefined ? [...chain.notes, ...found(WHOLE_CHAIN), ...own] : own;
}

async function printJson(
  session: ChainSession,
  options: MapOptions,
  unread: readonly ErrorRecord[],
): Promise<ExitCode> {
  const { layer, totals } = options;
  const { chain } = session;
  const subject: MapSubject = { chain, witness: options.witness, layer, snapshot: options.snapshot };
  await writeText(mapJsonHead(subject, !totals));
  if (!totals)
    await session.list(
      { spec: { list: 'map', format: 'json', hosts: options.hostOffsets }, layer },
      writeText,
    );
  const sums = await session.ask('totals', { layer });
  const findings = await session.allFindings(layer);
  await writeText(mapJsonTail(subject, !totals, { sums, errors: unread, findings }));
  return conclude(unread, session, findings);
}

async function printText(session: ChainSession, options: MapOptions): Promise<void> {
  const { layer, totals } = options;
  if (!totals) {
    await writeText(await drawMap(session, layer, outputWidth()));
    await writeLine();
    const width = process.stdout.isTTY ? outputWidth() : undefined; // what is piped has a line for each row
    const hosts = options.hostOffsets;
    await session.list({ spec: { list: 'map', format: 'text', hosts, width }, layer }, writeText);
    await writeText('\n\n');
  }
  const legend = layer === undefined ? legendOfGuest(legendOf(session)) : legendOf(session);
  await writeText(mapTextTotals(session.chain, legend, await session.ask('totals', { layer }), layer));
  if (options.witness !== 'both') return;
  const compared = (await session.ask('compareWitnesses', {})).map((step, index) => ({ layer: index, step }));
  const wanted = compared.filter(one => layer === undefined || one.layer === layer);
  const findings = await session.allFindings(layer);
  await writeText(mapTextDifferences(session.chain, findings, wanted));
}

/** The rows alone: what goes with them is for people, on standard error. */
async function printCsv(session: ChainSession, { layer, hostOffsets }: MapOptions): Promise<void> {
  await session.list({ spec: { list: 'map', format: 'csv', hosts: hostOffsets }, layer }, writeText);
}

/** The version whose form is printed where no qemu-img is installed. */
const USUAL_QEMU: QemuImgVersion = { major: 7, minor: 2 };

async function printAsQemuImg(session: ChainSession, { layer, qemuVersion }: MapOptions): Promise<void> {
  const version = qemuVersion ?? (await qemuImgVersion()) ?? USUAL_QEMU;
  await session.list({ spec: { list: 'qemu-img', ...qemuImgDialect(version) }, layer }, writeText);
}

async function printContexts(session: ChainSession, options: MapOptions): Promise<void> {
  const { layer } = options;
  const contexts = options.context.map(name => contextSpec(session.chain, name, layer));
  const names = contexts.map(({ name }) => name);
  for (const [i, { spec }] of contexts.entries()) {
    const { head, tail } = contextFrame(names, i);
    await writeText(head);
    if (options.totals) {
      const size = layer === undefined ? session.chain.size : (session.chain.layers[layer]?.size ?? 0);
      const { list: _, ...selection } = spec;
      const sums = await session.ask('contextTotals', { selection, layer });
      await writeText(contextTotals(contextWithRole(spec.context), sums, size));
    } else await session.list({ spec, layer }, writeText);
    await writeText(tail);
  }
}
