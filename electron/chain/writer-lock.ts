/** Whether another program writes to an image, by the locks that qemu holds on it. */
import { open } from 'node:fs/promises';
import { CHAIN_IN_USE, type Finding, makeFinding } from '../../shared/model/finding.ts';
import { deviceNumbers } from './open-file.ts';

/** The system's list of locks; the rest of a longer one is not looked at. */
const LOCKS = '/proc/locks';
const MAX_LOCKS_BYTES = 2 ** 20;

/** Bytes that qemu locks for what it does to an image: file-posix.c, RAW_LOCK_PERM_BASE (100) and the bit of WRITE or RESIZE. */
const WRITE_BYTE = 101;
const RESIZE_BYTE = 103;

/** The locks of all files as Linux lists them (proc_locks(5)), at most 1 MiB; empty on other systems. Never rejects. */
export async function readLocks(): Promise<string> {
  if (process.platform !== 'linux') return '';
  try {
    const handle = await open(LOCKS, 'r');
    try {
      const bytes = Buffer.alloc(MAX_LOCKS_BYTES);
      let length = 0;
      while (length < bytes.length) {
        const { bytesRead } = await handle.read(bytes, length, bytes.length - length, null);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return bytes.toString('latin1', 0, length);
    } finally {
      await handle.close();
    }
  } catch {
    return ''; // no /proc in this sandbox
  }
}

/** Where an inode lies, as stat gives it. */
interface Inode {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** The files that qemu programs have open for writing or resizing. */
export class WriterLocks {
  /** major:minor:inode of each. */
  readonly #files = new Set<string>();

  /** From a list in the form of /proc/locks. */
  constructor(list: string) {
    for (const line of list.split('\n')) {
      const lock = /^\d+: OFDLCK +\S+ +\S+ +\S+ ([\da-f]+):([\da-f]+):(\d+) (\d+) (\d+|EOF)$/.exec(line);
      if (lock === null) continue;
      const [, major = '', minor = '', inode = '', from = '', to = ''] = lock;
      const covers = (byte: number) => Number(from) <= byte && (to === 'EOF' || byte <= Number(to));
      if (covers(WRITE_BYTE) || covers(RESIZE_BYTE))
        this.#files.add(`${BigInt(`0x${major}`)}:${BigInt(`0x${minor}`)}:${BigInt(inode)}`);
    }
  }

  /** False proves nothing: locks can be switched off, and other machines' are not listed. */
  has({ dev, ino }: Inode): boolean {
    if (this.#files.size === 0) return false;
    const { major, minor } = deviceNumbers(dev);
    return this.#files.has(`${major}:${minor}:${ino}`);
  }
}

/** For one file: undefined where no lock says that it is written to, else the programs that have it open, if any can be seen. */
export type Writers = readonly string[] | undefined;

/**
 * The findings of a chain with one for each layer that is `written` to, which holds one answer for each layer. The dirty
 * bit of such a layer is no trace of a crash: a program that has the image open with lazy refcounts sets it.
 */
export function withWriters(findings: readonly Finding[], written: readonly Writers[]): Finding[] {
  const known = findings.map(finding =>
    finding.code === 'QCOW2_DIRTY' && written[finding.layer] !== undefined
      ? { ...finding, ...DIRTY_IN_USE }
      : finding,
  );
  return [...known, ...writerFindings(written)];
}

const DIRTY_IN_USE = {
  severity: 'note',
  what: 'a program has the image open with lazy refcounts (dirty bit): it writes the refcounts last, and those in the file may be stale until it closes the image',
  advice: '',
  causedBy: CHAIN_IN_USE,
} as const;

function writerFindings(written: readonly Writers[]): Finding[] {
  return written.flatMap((programs, layer) =>
    programs === undefined
      ? []
      : makeFinding({
          code: CHAIN_IN_USE,
          severity: 'hazard',
          layer,
          what: `another program has it open for writing${programs.length === 0 ? '' : ` (open in ${programs.join(', ')})`}: what you see may be out of date or inconsistent`,
          advice: 'ask that program over NBD, or read the image again when it is closed',
        }),
  );
}
