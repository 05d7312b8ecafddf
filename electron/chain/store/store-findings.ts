/** What is wrong or dangerous in a store. `layer` is the number of an image. */
import { basename, dirname } from 'node:path';
import {
  compareFindings,
  type Finding,
  type FindingEvidence,
  type FindingFields,
  MAX_FINDING_PLACES,
  makeFinding,
} from '../../../shared/model/finding.ts';
import type { StoreImage } from '../../../shared/model/store/store.ts';
import { countOf } from '../../../shared/text/offset.ts';
import { rebaseCommand } from '../../../shared/text/shell.ts';
import { formatTime } from '../../../shared/text/time.ts';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';
import { isNewer } from '../findings/times.ts';
import { hasImageName } from './forest.ts';

/** Formats whose recorded name means raw bytes. */
const RAW_NAMES: ReadonlySet<string> = new Set(['raw', 'file', 'host_device']);
/** Formats that qemu records by another name than ours. */
const QEMU_NAMES: Readonly<Record<string, string>> = { vpc: 'vhd' };
/** Names that are listed in one sentence. */
const MAX_NAMES = 5;

/** Every finding of these images, ranked. */
export function storeFindings(images: readonly StoreImage[]): Finding[] {
  const byName = imagesByName(images);
  const byPath = new Map(images.map(({ path }, at) => [path, at]));
  const findings: Finding[] = [...loops(images), ...sameNames(byName), ...sharedDataFiles(images)];
  for (const [at, image] of images.entries()) {
    findings.push(
      ...orphan(images, at, { byName, byPath }),
      ...brokenName(image, at),
      ...lostData(image, at),
    );
    if (image.children.length === 0) continue;
    findings.push(...formatsOf(images, at), ...newerBase(images, at));
    if (image.children.length > 1) findings.push(fork(images, at));
  }
  for (const [at, { format, path, error }] of images.entries())
    if (format === 'raw' && error === undefined && hasImageName(path)) findings.push(lostHeader(at));
  return findings.sort(compareFindings);
}

/** Where images are found by their names and by their paths. */
interface ImageIndex {
  readonly byName: ReadonlyMap<string, readonly number[]>;
  readonly byPath: ReadonlyMap<string, number>;
}

/** Images that record a backing file which is not there. */
function orphan(images: readonly StoreImage[], at: number, { byName, byPath }: ImageIndex): Finding[] {
  const { backing, path } = images[at] as StoreImage;
  if (backing === undefined || (backing.status !== 'missing' && backing.status !== 'notAFile')) return [];
  const missing = escapeUntrusted(backing.resolved);
  if (backing.status === 'notAFile')
    return [
      makeFinding({
        code: 'STORE_ORPHAN',
        severity: 'corruption',
        layer: at,
        what: `its backing name leads to ${missing}, which is no file`,
        advice: 'find the file that is meant, and record it with qemu-img rebase -u',
        evidence: [recordedName(backing.recorded)],
      }),
    ];
  const name = basename(backing.resolved);
  const named = byName.get(name) ?? [];
  // The image itself may have that name.
  const others = named.slice(0, MAX_NAMES + 1).filter(other => other !== at);
  const count = named.length - (basename(path) === name ? 1 : 0);
  const beside = byPath.get(`${dirname(path)}/${name}`);
  const only = count === 1 ? others[0] : undefined;
  const candidate = images[(beside === at ? undefined : beside) ?? only ?? -1];
  return [
    makeFinding({
      code: 'STORE_ORPHAN',
      severity: 'corruption',
      layer: at,
      what: `its backing file ${missing} does not exist${count === 0 ? '' : `; of that name there is ${nameList(images, others, count)}`}`,
      advice: orphanAdvice(images[at] as StoreImage, candidate, count),
      evidence: [recordedName(backing.recorded)],
    }),
  ];
}

/** What to do about an orphan, where one candidate or none is likelier than the others. */
function orphanAdvice(
  { path, backing }: StoreImage,
  candidate: StoreImage | undefined,
  others: number,
): string {
  if (others === 0)
    return 'look where the backing file was moved to: without it only what this image holds itself can be read';
  const format = backing?.recordedFormat ?? '';
  if (candidate === undefined || format === '')
    return 'find out which of these is meant, and record it with qemu-img rebase -u';
  const name = dirname(candidate.path) === dirname(path) ? basename(candidate.path) : candidate.path;
  return `if that is the file that is meant, record it: ${rebaseCommand(path, name, format)}`;
}

/** Images whose data lies in a file that is not there. */
function lostData({ dataFile }: StoreImage, at: number): Finding[] {
  if (dataFile?.status !== 'missing' && dataFile?.status !== 'notAFile') return [];
  return [
    makeFinding({
      code: 'STORE_DATA_FILE_MISSING',
      severity: 'corruption',
      layer: at,
      what: `its external data file ${escapeUntrusted(dataFile.resolved)} does not exist: the image has the tables alone`,
      advice: 'look where the data file was moved to: all data of the guest lies there',
      evidence: [{ source: 'data file name', value: dataFile.recorded, bits: '' }],
    }),
  ];
}

/** Data files that several images name: what is written through one changes the others. */
function sharedDataFiles(images: readonly StoreImage[]): Finding[] {
  const users = new Map<string, number[]>();
  for (const [at, { dataFile }] of images.entries())
    if (dataFile !== undefined && dataFile.resolved !== '') {
      const known = users.get(dataFile.resolved);
      if (known === undefined) users.set(dataFile.resolved, [at]);
      else known.push(at);
    }
  return [...users].flatMap(([path, found]) =>
    found.length < 2
      ? []
      : makeFinding({
          id: `STORE_DATA_FILE_SHARED ${path}`,
          code: 'STORE_DATA_FILE_SHARED',
          severity: 'hazard',
          layer: found[0] as number,
          what: `${countOf(found.length, 'image')} keep their data in the same file ${escapeUntrusted(path)}: ${nameList(images, found)}`,
          advice: 'use one of them at most: what is written through one overwrites the data of the others',
          count: found.length,
        }),
  );
}

/** Images whose backing name is never followed. */
function brokenName({ backing }: StoreImage, at: number): Finding[] {
  if (backing?.status !== 'refused') return [];
  return [
    makeFinding({
      code: 'STORE_NAME_REFUSED',
      severity: 'note',
      layer: at,
      what: 'its backing name is that of a network protocol or of a driver, or cannot be read; it was not followed',
      advice: 'cowscope layers says what it means',
      evidence: [recordedName(backing.recorded)],
    }),
  ];
}

/** Chains that never end. Each image has at most one link, so that every loop is found once. */
function loops(images: readonly StoreImage[]): Finding[] {
  const findings: Finding[] = [];
  const walkOf = new Int32Array(images.length).fill(-1);
  for (const start of images.keys()) {
    let at = start;
    while (at >= 0 && walkOf[at] === -1) {
      walkOf[at] = start;
      at = images[at]?.backing?.image ?? -1;
    }
    if (at < 0 || walkOf[at] !== start) continue;
    const loop = [at];
    for (let next = images[at]?.backing?.image ?? -1; next !== at; next = images[next]?.backing?.image ?? -1)
      loop.push(next);
    const first = loop.reduce((lowest, image) => Math.min(lowest, image));
    findings.push(
      makeFinding({
        code: 'STORE_LOOP',
        severity: 'corruption',
        layer: first,
        what:
          loop.length === 1
            ? 'it names itself as its backing file'
            : `${countOf(loop.length, 'image')} rest on each other in a loop: ${nameList(images, loop)}`,
        advice: 'correct the link that is wrong with qemu-img rebase -u',
        count: loop.length,
      }),
    );
  }
  return findings;
}

/** What the images above record of this one's format, and what it holds. */
function formatsOf(images: readonly StoreImage[], at: number): Finding[] {
  const { format, children, error } = images[at] as StoreImage;
  if (error !== undefined) return [];
  const recording = (matches: (recorded: string) => boolean) =>
    children.filter(child => matches(images[child]?.backing?.recordedFormat ?? ''));
  const isPlain = format === 'raw' || format === 'iso';
  const findings: Finding[] = [];
  const add = (found: readonly number[], facts: Omit<FindingFields, 'layer'>) => {
    if (found.length > 0) findings.push(makeFinding({ ...facts, layer: at, ...placesOf(images, found) }));
  };
  if (!isPlain)
    add(
      recording(recorded => RAW_NAMES.has(recorded)),
      {
        code: 'CHAIN_RAW_WITH_MAGIC',
        severity: 'hazard',
        what: `images that rest on it record it as raw, but it begins like an image of the format ${format}`,
        advice: `if it is an image of that format, record ${format} in them with qemu-img rebase -u -F`,
      },
    );
  add(
    recording(recorded => recorded === ''),
    isPlain
      ? {
          code: 'CHAIN_FORMAT_NOT_RECORDED',
          severity: 'hazard',
          what: 'images that rest on it record no format for it; it is a raw disk, and a guest can write a header into it',
          advice: 'record raw in them with qemu-img rebase -u -F raw',
        }
      : {
          code: 'CHAIN_FORMAT_BY_CONTENT',
          severity: 'hazard',
          what: `images that rest on it record no format for it: qemu takes it for ${format} by its content, libvirt for raw`,
          advice: `record ${format} in them with qemu-img rebase -u -F`,
        },
  );
  add(
    recording(
      recorded =>
        recorded !== '' && !RAW_NAMES.has(recorded) && (QEMU_NAMES[recorded] ?? recorded) !== format,
    ),
    {
      code: 'STORE_FORMAT_DIFFERS',
      severity: 'corruption',
      what: `images that rest on it record another format than it has by its content, ${isPlain ? 'raw' : format}: qemu does not open them`,
      advice: 'look whether the file was replaced or its header overwritten, before anything writes to it',
    },
  );
  return findings;
}

function newerBase(images: readonly StoreImage[], at: number): Finding[] {
  const base = images[at] as StoreImage;
  const older = base.children.filter(child => isNewer(base.modified, images[child]?.modified ?? -1));
  if (older.length === 0) return [];
  return [
    makeFinding({
      code: 'CHAIN_BASE_NEWER',
      severity: 'hazard',
      layer: at,
      what: `it was changed ${formatTime(base.modified / 1000)}, after images that rest on it were last written: ${nameList(images, older)}`,
      advice:
        'compare it with a backup: if its content changed, those images are wrong; copying a file can change its time, too',
      ...placesOf(images, older, child => `changed ${formatTime((images[child]?.modified ?? 0) / 1000)}`),
    }),
  ];
}

function fork(images: readonly StoreImage[], at: number): Finding {
  const { children } = images[at] as StoreImage;
  return makeFinding({
    code: 'STORE_FORK',
    severity: 'note',
    layer: at,
    what: `${countOf(children.length, 'image')} rest on it: ${nameList(images, children)}; whatever changes it, such as a commit into it, breaks the others`,
    advice:
      'cowscope store shows the whole tree; leave the image as it is while more than one image rests on it',
    ...placesOf(images, children),
  });
}

function lostHeader(at: number): Finding {
  return makeFinding({
    code: 'CHAIN_HEADER_LOST',
    severity: 'hazard',
    layer: at,
    what: 'its name is that of a qcow2 image: if it was one, its header has been overwritten',
    advice: 'do not start the machine or write to the file: what lies behind the header may be whole',
  });
}

function imagesByName(images: readonly StoreImage[]): ReadonlyMap<string, readonly number[]> {
  const byName = new Map<string, number[]>();
  for (const [at, { path }] of images.entries()) {
    const name = basename(path);
    const known = byName.get(name);
    if (known === undefined) byName.set(name, [at]);
    else known.push(at);
  }
  return byName;
}

/** Images of one name in several folders: a file that is moved can be taken for the other. */
function sameNames(byName: ReadonlyMap<string, readonly number[]>): Finding[] {
  return [...byName].flatMap(([name, found]) =>
    found.length < 2
      ? []
      : makeFinding({
          id: `STORE_SAME_NAME ${name}`,
          code: 'STORE_SAME_NAME',
          severity: 'note',
          layer: found[0] as number,
          what: `${countOf(found.length, 'image')} in different folders have the name ${escapeUntrusted(name)}`,
          advice:
            'a relative backing name finds whichever lies where it looks: see that none is moved to the other',
          count: found.length,
        }),
  );
}

/** The images that prove a finding: all counted, the first ones named. */
function placesOf(
  images: readonly StoreImage[],
  found: readonly number[],
  bits: (image: number) => string = child =>
    `recorded format ${escapeUntrusted(images[child]?.backing?.recordedFormat || 'none')}`,
): { readonly count: number; readonly evidence: FindingEvidence[] } {
  return {
    count: found.length,
    evidence: found
      .slice(0, MAX_FINDING_PLACES)
      .map(at => ({ source: 'image above', value: images[at]?.path ?? '', bits: bits(at) })),
  };
}

function recordedName(recorded: string): FindingEvidence {
  return { source: 'backing name', value: recorded, bits: '' };
}

/** The first few by their paths, and how many more there are of `count`. */
function nameList(images: readonly StoreImage[], found: readonly number[], count = found.length): string {
  const names = found.slice(0, MAX_NAMES).map(at => escapeUntrusted(images[at]?.path ?? ''));
  const more = count - names.length;
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
