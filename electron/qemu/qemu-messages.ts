/** What qemu-nbd says when it does not start, as errors with a code. */
import type { ErrorRecord } from '../../shared/error.ts';
import { escapeUntrusted } from '../../shared/text/untrusted-text.ts';

interface Meaning {
  readonly pattern: RegExp;
  readonly code: string;
  readonly what: string;
  readonly advice: string;
}

/** Messages of qemu 5 to 10 and of the C library, tried in this order. */
const MEANINGS: readonly Meaning[] = [
  {
    pattern: /Failed to get .*lock|Is another process using the image/,
    code: 'QEMU_IMAGE_LOCKED',
    what: 'another program has the image open for writing, so what it holds may change while it is read',
    advice:
      'stop the guest, ask its own NBD server instead, or repeat with locks ignored (--force-share): what you see may then be out of date or inconsistent',
  },
  {
    pattern: /[Bb]itmap '.*' (?:is not found|is inconsistent|.*cannot be used)/s,
    code: 'QEMU_BITMAP_REFUSED',
    what: 'qemu-nbd refuses to export one of the dirty bitmaps',
    advice: 'the bitmap was not saved cleanly or is damaged; the layer can be read without it',
  },
  {
    pattern: /encrypt\.key-secret|[Pp]assphrase|Cipher|encrypted/,
    code: 'QEMU_ENCRYPTED',
    what: 'the image is encrypted and qemu-nbd opens it only with its key',
    advice: 'use the metadata witness: it needs no key to tell what is allocated',
  },
  {
    pattern:
      /Cannot allocate memory|failed to allocate|Too many open files|Resource temporarily unavailable|spawn .*\bE(?:MFILE|NFILE|AGAIN|NOMEM)$/,
    code: 'QEMU_LIMIT',
    what: 'qemu-nbd needed more memory, files or threads than it may have',
    advice: 'the image may be damaged or hostile; check it, or free memory',
  },
  {
    pattern: /Permission denied|Operation not permitted/,
    code: 'QEMU_PERMISSION',
    what: 'qemu-nbd may not read the image',
    advice: 'check the permissions of the file and of security modules such as AppArmor',
  },
];

/** qemu's last words as one line of safe text without the program's name and the node it was given; may be empty. */
export function stderrTail(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map(line => line.replace(/^\S*qemu-nbd: /, '').replace(/Failed to blk_new_open 'json:.*?}': /, ''))
    .map(line =>
      line
        .replace(/Is another process using the image \[.*\]\?/, 'Is another process using the image?')
        .trim(),
    )
    .filter(line => line !== '');
  return escapeUntrusted(lines.slice(-2).join('; '), 512);
}

/** The error for a qemu-nbd that ended before it served `path`, from what it wrote to standard error. */
export function startFailure(stderr: string, path: string): ErrorRecord {
  const words = stderrTail(stderr);
  const said = words === '' ? 'it gave no reason' : `it says: ${words}`;
  const meaning = MEANINGS.find(({ pattern }) => pattern.test(stderr));
  if (meaning === undefined)
    return {
      code: 'QEMU_START_FAILED',
      what: `qemu-nbd did not start; ${said}`,
      subject: path,
      advice: 'the metadata witness may still be able to read the image',
    };
  return { code: meaning.code, what: `${meaning.what}; ${said}`, subject: path, advice: meaning.advice };
}
