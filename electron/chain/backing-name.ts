/** What a backing or data file name recorded in an image means. Nothing here touches the file system. */
import { type BytePath, fromBytes, shownPath, toBytePath } from './byte-path.ts';
import { parseQemuJson } from './qemu-json.ts';

/** A recorded name, taken apart. */
export type RecordedName =
  /** A file; `path` is absolute, or relative to the folder of the image that names it. */
  | {
      readonly kind: 'file';
      readonly path: BytePath;
      readonly form: NameForm;
      /** Format named by a JSON description, else empty. */
      readonly format: string;
      /**
       * What a JSON description says to lie below that file, whatever the file itself records; null: nothing. Absent
       * where it says nothing about it.
       */
      readonly below?: RecordedName | null;
    }
  /** Something that is not a file: a network protocol or a driver of qemu. */
  | { readonly kind: 'protocol'; readonly protocol: string }
  /** Nothing that can be followed; `why` is the end of a sentence. */
  | { readonly kind: 'invalid'; readonly why: string };

/** How a file's name is written: plain, behind the name of qemu's driver for it, or as a JSON description. */
export type NameForm = 'plain' | 'file:' | 'host_device:' | 'json:';

/** Drivers that mean a file of this machine. */
const FILE_DRIVERS: ReadonlySet<unknown> = new Set(['file', 'host_device']);
const FORMAT_DRIVERS: ReadonlySet<unknown> = new Set(['qcow2', 'qcow', 'raw']);

/** Options that say how a file is read and never what it holds (qemu's BlockdevOptions). Descriptions often have them. */
const HARMLESS =
  /^(?:file\.)?(?:node-name|read-only|auto-read-only|discard|detect-zeroes|force-share|locking|aio|cache\.(?:direct|no-flush|writeback))$/;

/**
 * What a recorded name means, by qemu's rules (path_has_protocol: a colon before any slash ends a protocol's name).
 * A JSON description is followed only when it is a plain file under a plain format: everything else that it may say
 * (other drivers, offsets, nested backing files) would make the layer another one than the file.
 */
export function parseRecordedName(name: Uint8Array): RecordedName {
  if (name.length === 0) return { kind: 'invalid', why: 'is empty' };
  if (name.includes(0)) return { kind: 'invalid', why: 'holds a NUL byte, which no file name has' };
  const path = fromBytes(name);
  if (path.startsWith('json:')) return parseJson(Buffer.from(name.subarray(5)).toString('utf8'));
  for (const form of ['file:', 'host_device:'] as const)
    if (path.startsWith(form)) return fileOf(path.slice(form.length) as BytePath, form);
  if (process.platform === 'win32' && /^[a-z]:[\\/]/i.test(path)) return fileOf(path, 'plain');
  const protocol = /^[^/:]*(?=:)/.exec(path)?.[0];
  if (protocol !== undefined) return { kind: 'protocol', protocol: shownPath(protocol as BytePath) };
  return fileOf(path, 'plain');
}

function fileOf(path: BytePath, form: NameForm, format = ''): RecordedName {
  if (path === '') return { kind: 'invalid', why: 'names no file' };
  return { kind: 'file', path, form, format };
}

function parseJson(text: string): RecordedName {
  let described: unknown;
  try {
    described = parseQemuJson(text);
  } catch {
    return { kind: 'invalid', why: 'is a JSON description that cannot be read' };
  }
  const options = flatten(described);
  if (options === undefined) return { kind: 'invalid', why: 'is a JSON description of an unknown form' };
  return describedFile(options);
}

/** The file of a description, and what it says to lie below. */
function describedFile(all: ReadonlyMap<string, unknown>): RecordedName {
  const below = describedBelow(all);
  const options = new Map([...all].filter(([key]) => key !== 'backing' && !key.startsWith('backing.')));
  const filename = options.get('file.filename') ?? options.get('filename');
  const nested = options.has('file.filename') || options.has('file.driver');
  const driver = options.get('driver');
  const fileDriver = nested ? (options.get('file.driver') ?? 'file') : driver;
  if (!FILE_DRIVERS.has(fileDriver)) return { kind: 'protocol', protocol: String(fileDriver ?? 'json') };
  if (nested && driver !== undefined && !FORMAT_DRIVERS.has(driver))
    return { kind: 'protocol', protocol: String(driver) };
  const known = nested ? ['driver', 'file.driver', 'file.filename'] : ['driver', 'filename'];
  const strange = [...options.keys()].find(key => !known.includes(key) && !HARMLESS.test(key));
  if (strange !== undefined)
    return { kind: 'invalid', why: `is a JSON description with the option ${strange}` };
  if (typeof filename !== 'string')
    return { kind: 'invalid', why: 'is a JSON description without a file name' };
  if (filename.includes('\0')) return { kind: 'invalid', why: 'holds a NUL byte, which no file name has' };
  if (below?.kind === 'invalid') return below;
  const format = nested && typeof driver === 'string' ? driver : '';
  const file = fileOf(toBytePath(filename), 'json:', format);
  return below === undefined || file.kind !== 'file' ? file : { ...file, below };
}

/** What a description says to lie below its file; undefined where it says nothing. */
function describedBelow(options: ReadonlyMap<string, unknown>): RecordedName | null | undefined {
  const own = [...options].filter(([key]) => key.startsWith('backing.'));
  if (own.length > 0) return describedFile(new Map(own.map(([key, value]) => [key.slice(8), value])));
  const value = options.get('backing');
  if (value === undefined || value === null) return value;
  return { kind: 'invalid', why: 'is a JSON description that refers to a node of a running qemu' };
}

/** Options by their dotted names, as qemu flattens them; undefined for what is not an object. */
function flatten(
  value: unknown,
  prefix = '',
  into = new Map<string, unknown>(),
): Map<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    // Recorded names have at most 1023 bytes, so neither depth nor number of options can be large.
    if (flatten(inner, `${prefix}${key}.`, into) === undefined) into.set(`${prefix}${key}`, inner);
  }
  return into;
}
