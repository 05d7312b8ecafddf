/** What a range of the guest's disk holds, by the signatures in it. */
import { dataViewOf } from '../../../shared/bytes.ts';
import type { GuestContent, ProbedRange } from '../../../shared/model/guest/guest-disk.ts';
import type { DiskParts } from '../guest-reader.ts';
import { CONTAINERS, hasUberblock, MD_MAGIC, mdAtEnd, readMd, UBERBLOCKS } from './containers.ts';
import { FILE_SYSTEMS } from './file-systems.ts';
import { HEAD_BYTES, HEAD_PARTS, type Signature, type SignatureDetails } from './signature.ts';

const SIGNATURES = [...CONTAINERS, ...FILE_SYSTEMS];

/** Bytes of a super block of md at the end that are read. */
const MD_BYTES = 512;

/**
 * Looks for signatures in [start, start + length), as far as the disk has it. A container is believed before what seems to
 * lie in it; other types that were found are listed.
 */
export async function probeContent(parts: DiskParts, start: number, length: number): Promise<ProbedRange> {
  const before = parts.unread.length;
  const held = Math.min(length, parts.size - start);
  const found = findSignatures(await readHead(parts, start, held));
  const atEnd = await findMd(parts, start, held);
  // The member of a mirror with its super block at the end begins with what it mirrors.
  if (atEnd !== undefined) found.unshift(atEnd);
  if (found.length === 0 && (await isZfs(parts, start, held))) found.push(contentOf('zfs_member'));
  const [content] = found;
  const also = [...new Set(found.slice(1).map(({ type }) => type))].filter(type => type !== content?.type);
  const why = parts.unread[before]?.why;
  return {
    ...(content === undefined ? {} : { content: { ...content, also } }),
    ...(why === undefined ? {} : { unread: why }),
  };
}

/** The places of signatures at the beginning; zeros where nothing is read or can be read. */
async function readHead(parts: DiskParts, start: number, held: number): Promise<Uint8Array> {
  const head = new Uint8Array(HEAD_BYTES);
  for (const [at, length] of HEAD_PARTS) {
    const here = Math.min(length, held - at);
    const bytes = here > 0 ? await parts.read(start + at, here) : undefined;
    if (bytes !== undefined) head.set(bytes, at);
  }
  return head;
}

function findSignatures(head: Uint8Array): GuestContent[] {
  const view = dataViewOf(head);
  const found: GuestContent[] = [];
  for (const rule of SIGNATURES) {
    if (!rule.magics.some(magic => stands(head, magic))) continue;
    const details = rule.read === undefined ? {} : rule.read(head, view);
    if (details === undefined) continue;
    found.push(contentOf(rule.type, details));
  }
  return found;
}

function contentOf(type: string, { size, ...details }: SignatureDetails = {}): GuestContent {
  const isSize = size !== undefined && Number.isSafeInteger(size);
  return { type, label: '', uuid: '', also: [], ...details, ...(isSize ? { size } : {}) };
}

function stands(head: Uint8Array, { at, bytes }: Signature['magics'][number]): boolean {
  return bytes.every((byte, i) => head[at + i] === byte);
}

async function findMd(parts: DiskParts, start: number, held: number): Promise<GuestContent | undefined> {
  for (const at of mdAtEnd(held)) {
    const bytes = at + MD_BYTES <= held ? await parts.read(start + at, MD_BYTES) : undefined;
    if (bytes === undefined || !stands(bytes, { at: 0, bytes: MD_MAGIC })) continue;
    return contentOf('linux_raid_member', readMd(bytes));
  }
  return undefined;
}

async function isZfs(parts: DiskParts, start: number, held: number): Promise<boolean> {
  const { at, bytes } = UBERBLOCKS;
  if (at + bytes > held) return false;
  const ring = await parts.read(start + at, bytes);
  return ring !== undefined && hasUberblock(ring);
}
