/** The layers of a chain for a person: what qemu-img info says, how each link was resolved, and where tables lie. */
import type { AllocationReply, SnapshotShare } from '../../../shared/model/allocation.ts';
import { type Finding, WHOLE_CHAIN } from '../../../shared/model/finding.ts';
import type {
  BackingLink,
  ChainInfo,
  LayerInfo,
  Qcow2Details,
  Qcow2Info,
} from '../../../shared/model/layer.ts';
import { findingGuestText, findingSentence, placedSentence } from '../../../shared/text/finding-text.ts';
import { countOf, exactSize, formatCount, formatOffset, formatSize } from '../../../shared/text/offset.ts';
import { formatTime } from '../../../shared/text/time.ts';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';
import { type DefinitionRow, definitionLine } from './definition-rows.ts';

const FORMAT_SOURCES = {
  magic: 'by its magic',
  recorded: 'as the layer above records',
  given: 'set on the command line',
  assumed: 'assumed',
  inferred: 'inferred from its tables',
} as const;

const LINK_STATUSES = {
  opened: '',
  none: '',
  missing: 'missing',
  needsConsent: 'not opened: consent is needed',
  cut: 'not followed',
  refused: 'refused',
} as const;

/**
 * The chain from top to base, one paragraph for each layer: lines without their ends. One by one, since an image may have
 * 65,536 snapshots and as many bitmaps, with names that fill 64 MiB.
 */
export function* chainLines(chain: ChainInfo): Generator<string> {
  const { layers, size, complete, estimate } = chain;
  const count = `${layers.length} ${layers.length === 1 ? 'layer' : 'layers'}`;
  yield `${count}, ${formatSize(size)} for the guest${complete ? '' : ', incomplete'}`;
  if (estimate !== undefined)
    yield `at most ${formatCount(estimate.extents)} ${estimate.extents === 1 ? 'extent' : 'extents'}, ${formatSize(estimate.bytes)} in memory`;
  for (const layer of layers.toReversed()) {
    yield '';
    yield `${String(layer.index).padStart(3)} ${escapeUntrusted(layer.name)}`;
    const found = chain.findings.filter(finding => finding.layer === layer.index);
    for (const row of layerRows(layer)) yield definitionLine(row);
    for (const finding of found) yield definitionLine(findingRow(finding));
    for (const text of layer.notes) yield definitionLine(['note', text]);
  }
  const found = chain.findings.filter(({ layer }) => layer === WHOLE_CHAIN).map(findingSentence);
  for (const text of [...chain.notes, ...found]) {
    yield '';
    yield `note: ${escapeUntrusted(text, 500)}`;
  }
}

function* layerRows(layer: LayerInfo): Generator<DefinitionRow> {
  const { qcow2 } = layer;
  yield* fileRows(layer);
  const space = qcow2?.details?.space;
  const shares = space?.measured ? space.allocation.shares : undefined;
  for (const [index, snapshot] of (qcow2?.snapshots ?? []).entries())
    yield ['snapshot', snapshotText(snapshot, shares?.[index])];
  for (const bitmap of qcow2?.bitmaps ?? []) yield ['bitmap', bitmapText(bitmap)];
  if (qcow2?.details !== undefined) yield* detailRows(qcow2.details, layer.size);
}

function fileRows(layer: LayerInfo): DefinitionRow[] {
  const { qcow2, backing, dataFile } = layer;
  const rows: DefinitionRow[] = [
    ['file', layer.path],
    ['format', `${layer.format}, ${FORMAT_SOURCES[layer.formatSource]}`],
    ['virtual size', exactSize(layer.size)],
  ];
  if (layer.fileSize >= 0) {
    const onDisk = layer.allocatedSize < 0 ? '' : `, ${formatSize(layer.allocatedSize)} on disk`;
    rows.push(['file size', `${formatSize(layer.fileSize)}${onDisk}`]);
  }
  if (layer.modified !== undefined) rows.push(['changed', formatTime(layer.modified / 1000)]);
  if (qcow2 !== undefined) rows.push(...qcow2Rows(qcow2));
  for (const { name, value, confidence, how } of layer.inference?.facts ?? [])
    rows.push(['inferred', `${name}: ${value} (${confidence}: ${how})`]);
  if (backing.status !== 'none')
    rows.push(
      ['backing file', linkText(backing)],
      ['backing format', backing.recordedFormat || 'not recorded'],
      ...repairRows(backing),
    );
  if (dataFile !== undefined)
    rows.push(['data file', `${linkText(dataFile)}${qcow2?.dataFileRaw ? ', raw' : ''}`]);
  return rows;
}

/** The file that may be meant where the recorded one is missing, and the command that records the link as it should be. */
function repairRows({ beside, located, fix }: BackingLink): DefinitionRow[] {
  return [
    ...(beside === undefined ? [] : [['beside it lies', beside] as const]),
    ...(located === true ? [['chosen', 'for this run, in place of the recorded file'] as const] : []),
    ...(fix === undefined ? [] : [['to record it', fix.command] as const]),
  ];
}

function findingRow(finding: Finding): DefinitionRow {
  const { severity, code, what } = finding;
  if (severity === 'hazard' || severity === 'note') return ['note', placedSentence(finding)];
  const where = findingGuestText(finding);
  return ['problem', `${code}: ${what}${where === '' ? '' : ` [${where}]`}`];
}

/** What is recorded, where that leads, and why it was not opened. */
function linkText({ recorded, resolved, status, error }: BackingLink): string {
  const parts = [recorded || '(none recorded)'];
  if (resolved !== '' && resolved !== recorded) parts.push(`→ ${resolved}`);
  if (LINK_STATUSES[status] !== '')
    parts.push(`(${LINK_STATUSES[status]}${error === undefined ? '' : `: ${error.what}`})`);
  return parts.join(' ');
}

function refcountsText({ version, refcountBits, lazyRefcounts }: Qcow2Info): string {
  if (version === 1) return 'none';
  return `${countOf(refcountBits, 'bit')}${lazyRefcounts ? ', lazy' : ''}`;
}

function qcow2Rows(qcow2: Qcow2Info): DefinitionRow[] {
  const rows: DefinitionRow[] = [
    [
      'version',
      `${qcow2.version}${qcow2.version === 2 ? ' (compat 0.10)' : qcow2.version === 3 ? ' (compat 1.1)' : ''}`,
    ],
    ['cluster size', formatSize(qcow2.clusterSize)],
    ['refcounts', refcountsText(qcow2)],
    ['compression', qcow2.compressionType],
  ];
  if (qcow2.extendedL2) rows.push(['subclusters', `${formatSize(qcow2.clusterSize / 32)} (extended L2)`]);
  if (qcow2.encryption !== 'none') rows.push(['encryption', qcow2.encryption]);
  if (qcow2.dirty) rows.push(['dirty', 'it was not closed: refcounts may be wrong']);
  if (qcow2.corrupt) rows.push(['corrupt', 'qemu has marked it as corrupt']);
  return rows;
}

function snapshotText(snapshot: Qcow2Info['snapshots'][number], share: SnapshotShare | undefined): string {
  const { id, name, date, diskSize, vmStateSize, vmClock, icount } = snapshot;
  const parts = [`${id} ${name}`, formatTime(date), `disk ${formatSize(diskSize)}`];
  if (vmStateSize > 0) parts.push(`VM state ${formatSize(Number(vmStateSize))}`);
  if (vmClock > 0) parts.push(`VM clock ${(Number(vmClock) / 1e9).toFixed(3)} s`);
  if (icount !== undefined && icount > 0) parts.push(`${icount} instructions`);
  if (share !== undefined) parts.push(shareText(share));
  return parts.join(', ');
}

/** What only this snapshot holds. */
function shareText({ data, tables }: SnapshotShare): string {
  return `holds ${formatSize(data)} alone, deleting it frees ${formatSize(data + tables)}`;
}

function bitmapText({ name, granularity, enabled, unusable }: Qcow2Info['bitmaps'][number]): string {
  const state = enabled ? 'recording' : 'disabled';
  const why = unusable === undefined ? '' : `, cannot be used: ${unusable}`;
  return `${name}, one bit for ${formatSize(granularity)}, ${state}${why}`;
}

/** Parts of a file's account in the order shown. */
const ACCOUNT_PARTS = [
  ['data', 'data'],
  ['snapshots', 'held by snapshots alone'],
  ['tables', 'tables'],
  ['bitmaps', 'bitmaps'],
  ['unreferenced', 'counted and not referred to'],
  ['free', 'free inside'],
  ['pastEnd', 'behind the image end'],
] as const;

function spaceRows(space: AllocationReply, virtualSize: number): DefinitionRow[] {
  if (!space.measured) return [['space', `not measured: ${space.why}`]];
  const { imageEnd, allocated, leaked, unknownLeaks, account } = space.allocation;
  const leaks = leaked === undefined ? `leaks not known: ${unknownLeaks}` : `${formatSize(leaked)} leaked`;
  // Leaked clusters are counted, too.
  const used = leaked === undefined || leaked === 0 ? 'in use' : 'counted as in use';
  const parts = ACCOUNT_PARTS.filter(([part]) => account[part] > 0).map(
    ([part, name]) => `${formatSize(account[part])} ${name}`,
  );
  const share = virtualSize === 0 ? '' : ` (${wholePercent(imageEnd / virtualSize)} of the virtual size)`;
  return [
    ['image ends at', `${formatOffset(imageEnd)}${share}, ${formatSize(allocated)} ${used}, ${leaks}`],
    ['space', parts.join(', ')],
  ];
}

function detailRows(details: Qcow2Details, virtualSize: number): DefinitionRow[] {
  const { space } = details;
  const rows: DefinitionRow[] = [];
  for (const [name, features] of [
    ['incompatible', details.incompatible],
    ['compatible', details.compatible],
    ['autoclear', details.autoclear],
  ] as const)
    if (features.length > 0) rows.push([name, features.join(', ')]);
  for (const { type, name, offset, length } of details.extensions)
    rows.push(['extension', `${formatOffset(offset)} ${formatSize(length).padStart(10)}  ${name} (${type})`]);
  for (const { name, offset, length } of details.tables)
    rows.push(['table', `${formatOffset(offset)} ${formatSize(length).padStart(10)}  ${name}`]);
  if (space !== undefined) rows.push(...spaceRows(space, virtualSize));
  return rows;
}

/** A share of 1 in whole percent; one that is there and rounds to none, `under 1 %`. */
function wholePercent(share: number): string {
  return share > 0 && share < 0.005 ? 'under 1 %' : `${Math.round(share * 100)} %`;
}
