/** A store for a person: its trees of images, and what is wrong with them. */
import { FINDING_SEVERITIES } from '../../../shared/model/finding.ts';
import type { Store, StoreImage } from '../../../shared/model/store/store.ts';
import { storeRows } from '../../../shared/model/store/store-rows.ts';
import { findingSentence } from '../../../shared/text/finding-text.ts';
import { countOf, formatCount, formatSize } from '../../../shared/text/offset.ts';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';

/** Findings that are printed; the JSON has all. */
const MAX_PRINTED_FINDINGS = 200;
/** The longest path that the usual systems take. */
const MAX_PATH_CHARACTERS = 4096;

/** Lines without their ends: what there is, the trees, the findings. */
export function* storeLines(store: Store): Generator<string> {
  yield* summaryLines(store);
  yield '';
  yield* treeLines(store);
  yield* findingLines(store);
}

function* summaryLines({ images, findings, coverage }: Store): Generator<string> {
  const { folders, otherFiles, special, errorCount, complete } = coverage;
  const bases = images.filter(({ backing }) => backing === undefined).length;
  yield `${countOf(images.length, 'image')} in ${countOf(folders, 'folder')}, ${countOf(bases, 'base')}; ${countOf(otherFiles, 'other file')}`;
  const sums = FINDING_SEVERITIES.map(severity => {
    const found = findings.filter(finding => finding.severity === severity).length;
    return found === 0 ? '' : countOf(found, severity);
  }).filter(text => text !== '');
  if (sums.length > 0) yield sums.join(', ');
  if (special > 0)
    yield `${countOf(special, 'device, FIFO or socket', 'devices, FIFOs or sockets')} not opened`;
  if (errorCount > 0) yield `${countOf(errorCount, 'file or folder', 'files or folders')} could not be read`;
  if (!complete) yield 'there is more: the scan ended at its limit of files';
}

const ELSEWHERE = {
  missing: 'missing',
  outside: 'outside, not opened',
  notAFile: 'no file',
  refused: 'not followed',
  inStore: '',
} as const;

function* treeLines(store: Store): Generator<string> {
  for (const row of storeRows(store)) {
    if (row.kind === 'loop') yield '(a loop)';
    else if (row.kind === 'elsewhere')
      yield `${escapeUntrusted(row.name, MAX_PATH_CHARACTERS)}  (${ELSEWHERE[row.status]})`;
    else {
      const image = store.images[row.image];
      if (image === undefined) continue;
      const facts = row.isRepeated ? '(the loop begins again)' : imageFacts(image);
      yield `${row.lines}${shortPath(store, image.path)}  ${facts}`;
    }
  }
}

/** The path below the folder that was given, where there is one folder. */
function shortPath({ roots }: Store, path: string): string {
  const [root = ''] = roots;
  const isBelow = roots.length === 1 && path.startsWith(`${root}/`);
  return escapeUntrusted(isBelow ? path.slice(root.length + 1) : path, MAX_PATH_CHARACTERS);
}

function imageFacts({ format, size, snapshots, bitmaps, inUse, dataFile, error }: StoreImage): string {
  if (error !== undefined) return `cannot be read: ${error.code}`;
  const facts: string[] = [format];
  if (size >= 0) facts.push(formatSize(size));
  if (snapshots > 0) facts.push(countOf(snapshots, 'snapshot'));
  if (bitmaps > 0) facts.push(countOf(bitmaps, 'bitmap'));
  if (dataFile !== undefined) facts.push(`data in ${escapeUntrusted(dataFile.recorded)}`);
  if (inUse) facts.push('in use');
  return facts.join(', ');
}

function* findingLines({ images, findings }: Store): Generator<string> {
  if (findings.length > 0) yield '';
  for (const finding of findings.slice(0, MAX_PRINTED_FINDINGS)) {
    const path = escapeUntrusted(images[finding.layer]?.path ?? '', MAX_PATH_CHARACTERS);
    yield `${finding.severity}: ${path}: ${escapeUntrusted(findingSentence(finding), MAX_PATH_CHARACTERS)}`;
    if (finding.advice !== '') yield `    ${escapeUntrusted(finding.advice, MAX_PATH_CHARACTERS)}`;
  }
  if (findings.length > MAX_PRINTED_FINDINGS)
    yield `and ${formatCount(findings.length - MAX_PRINTED_FINDINGS)} more findings: --output json lists all`;
}
