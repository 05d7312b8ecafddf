/** What a backing or data file name recorded in an image means. Nothing here touches the file system. */
import { type BytePath, fromBytes, shownPath, toBytePath } from './byte-path.ts';

/** A recorded name, taken apart. */
export type RecordedName =
  /** A file; `path` is absolute, or relative to the folder of the image that names it. */
  | {
      readonly kind: 'file';
      readonly path: BytePath;
      /** How it was written: plain, with `file:` before it, or as a JSON description. */
      readonly form: 'plain' | 'file:' | 'json:';
      /** Format named by a JSON description, else empty. */
      readonly format: string;
    }
  /** Something that is not a file: a network protocol or a driver of qemu. */
  | { readonly kind: 'protocol'; readonly protocol: string }
  /** Nothing that can be followed; `why` is the end of a sentence. */
  | { readonly kind: 'invalid'; readonly why: string };

/** Drivers that mean a file of this machine. */
const FILE_DRIVERS: ReadonlySet<unknown> = new Set(['file', 'host_device']);
const FORMAT_DRIVERS: ReadonlySet<unknown> = new Set(['qcow2', 'raw']);

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
  if (path.startsWith('file:')) return fileOf(path.slice(5) as BytePath, 'file:');
  if (process.platform === 'win32' && /^[a-z]:[\\/]/i.test(path)) return fileOf(path, 'plain');
  const protocol = /^[^/:]*(?=:)/.exec(path)?.[0];
  if (protocol !== undefined) return { kind: 'protocol', protocol: shownPath(protocol as BytePath) };
  return fileOf(path, 'plain');
}

function fileOf(path: BytePath, form: 'plain' | 'file:' | 'json:', format = ''): RecordedName {
  if (path === '') return { kind: 'invalid', why: 'names no file' };
  return { kind: 'file', path, form, format };
}

function parseJson(text: string): RecordedName {
  let described: unknown;
  try {
    described = JSON.parse(text);
  } catch {
    return { kind: 'invalid', why: 'is a JSON description that cannot be read' };
  }
  const options = flatten(described);
  if (options === undefined) return { kind: 'invalid', why: 'is a JSON description of an unknown form' };
  const filename = options.get('file.filename') ?? options.get('filename');
  const nested = options.has('file.filename') || options.has('file.driver');
  const driver = options.get('driver');
  const fileDriver = nested ? (options.get('file.driver') ?? 'file') : driver;
  if (!FILE_DRIVERS.has(fileDriver)) return { kind: 'protocol', protocol: String(fileDriver ?? 'json') };
  if (nested && driver !== undefined && !FORMAT_DRIVERS.has(driver))
    return { kind: 'protocol', protocol: String(driver) };
  const known = nested ? ['driver', 'file.driver', 'file.filename'] : ['driver', 'filename'];
  const strange = [...options.keys()].find(key => !known.includes(key));
  if (strange !== undefined)
    return { kind: 'invalid', why: `is a JSON description with the option ${strange}` };
  if (typeof filename !== 'string')
    return { kind: 'invalid', why: 'is a JSON description without a file name' };
  if (filename.includes('\0')) return { kind: 'invalid', why: 'holds a NUL byte, which no file name has' };
  return fileOf(toBytePath(filename), 'json:', nested && typeof driver === 'string' ? driver : '');
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
