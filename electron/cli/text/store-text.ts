/** A store for a person: its trees of images, and what is wrong with them. */
import { FINDING_SEVERITIES } from '../../../shared/model/finding.ts';
import type { Store, StoreImage } from '../../../shared/model/store.ts';
import { findingSentence } from '../../../shared/text/finding-text.ts';
import { formatSize } from '../../../shared/text/offset.ts';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';

/** Findings that are printed; the JSON has all. */
const MAX_PRINTED = 200;
/** Columns by which deep levels of a tree are indented; the lines of deeper ones stand below each other. */
const MAX_INDENT = 60;
/** The longest path that the usual systems take. */
const MAX_PATH = 4096;

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
  yield `${count(images.length, 'image')} in ${count(folders, 'folder')}, ${count(bases, 'base')}; ${count(otherFiles, 'other file')}`;
  const sums = FINDING_SEVERITIES.map(severity => {
    const found = findings.filter(finding => finding.severity === severity).length;
    return found === 0 ? '' : count(found, severity);
  }).filter(text => text !== '');
  if (sums.length > 0) yield sums.join(', ');
  if (special > 0)
    yield `${count(special, 'device, FIFO or socket', 'devices, FIFOs or sockets')} not opened`;
  if (errorCount > 0) yield `${count(errorCount, 'file or folder', 'files or folders')} could not be read`;
  if (!complete) yield 'there is more: the scan ended at its limit of files';
}

/** A tree for each base, and for each backing file that is not in the store. */
function* treeLines(store: Store): Generator<string> {
  const { images } = store;
  const shown = new Uint8Array(images.length);
  const outside = new Map<string, number[]>();
  for (const [at, { backing }] of images.entries()) {
    if (backing === undefined || backing.image >= 0) continue;
    const name = outsideName(backing);
    outside.set(name, [...(outside.get(name) ?? []), at]);
  }
  for (const [at, { backing }] of images.entries())
    if (backing === undefined) yield* branchLines(store, [{ at, before: '', branch: '' }], shown);
  for (const [name, children] of outside) {
    yield name;
    yield* branchLines(store, branches(children, ''), shown);
  }
  // What is left rests on itself.
  for (const at of images.keys())
    if (shown[at] === 0) {
      yield '(a loop)';
      yield* branchLines(store, branches([at], ''), shown);
    }
}

/** An image to print, what stands before its line for the levels above, and the end of its branch. */
interface Branch {
  readonly at: number;
  readonly before: string;
  readonly branch: '' | '├─ ' | '└─ ';
}

/** The children of one image as a stack, the first on top. */
function branches(children: readonly number[], before: string): Branch[] {
  const last = children.length - 1;
  return children.map((at, i): Branch => ({ at, before, branch: i === last ? '└─ ' : '├─ ' })).reverse();
}

function outsideName({ status, resolved, recorded }: NonNullable<StoreImage['backing']>): string {
  const words = {
    missing: 'missing',
    outside: 'outside, not opened',
    notAFile: 'no file',
    refused: 'not followed',
    inStore: '',
  };
  return `${escapeUntrusted(resolved || recorded, MAX_PATH)}  (${words[status]})`;
}

/** Images and all that rests on them. */
function* branchLines(store: Store, waiting: Branch[], shown: Uint8Array): Generator<string> {
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { at, before, branch } = next;
    const image = store.images[at];
    if (image === undefined) continue;
    const path = `${before}${branch}${shortPath(store, image.path)}`;
    if (shown[at] === 1) {
      yield `${path}  (the loop begins again)`;
      continue;
    }
    shown[at] = 1;
    yield `${path}  ${imageFacts(image)}`;
    const deeper = before.length >= MAX_INDENT ? '' : branch === '├─ ' ? '│  ' : branch === '' ? '' : '   ';
    for (const child of branches(image.children, `${before}${deeper}`)) waiting.push(child);
  }
}

/** The path below the folder that was given, where there is one folder. */
function shortPath({ roots }: Store, path: string): string {
  const [root = ''] = roots;
  const isBelow = roots.length === 1 && path.startsWith(`${root}/`);
  return escapeUntrusted(isBelow ? path.slice(root.length + 1) : path, MAX_PATH);
}

function imageFacts({ format, size, snapshots, bitmaps, inUse, dataFile, error }: StoreImage): string {
  if (error !== undefined) return `cannot be read: ${error.code}`;
  const facts: string[] = [format];
  if (size >= 0) facts.push(formatSize(size));
  if (snapshots > 0) facts.push(count(snapshots, 'snapshot'));
  if (bitmaps > 0) facts.push(count(bitmaps, 'bitmap'));
  if (dataFile !== undefined) facts.push(`data in ${escapeUntrusted(dataFile)}`);
  if (inUse) facts.push('in use');
  return facts.join(', ');
}

function* findingLines({ images, findings }: Store): Generator<string> {
  if (findings.length > 0) yield '';
  for (const finding of findings.slice(0, MAX_PRINTED)) {
    const path = escapeUntrusted(images[finding.layer]?.path ?? '', MAX_PATH);
    yield `${finding.severity}: ${path}: ${escapeUntrusted(findingSentence(finding), MAX_PATH)}`;
    if (finding.advice !== '') yield `    ${escapeUntrusted(finding.advice, MAX_PATH)}`;
  }
  if (findings.length > MAX_PRINTED)
    yield `and ${findings.length - MAX_PRINTED} more findings: --output json lists all`;
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
