/** Drafts of outputs: how they are called, and the removal of those that a process left behind when it was killed. */
import { createHash, randomBytes } from 'node:crypto';
import { lstat, readdir, unlink } from 'node:fs/promises';
import type { PinnedFolder } from '../../chain/pinned-folder.ts';
import { isRunning, ownIdentity, type ProcessIdentity } from '../../qemu/process-identity.ts';

/** Names the run of the system and its space of process numbers, then the process and when it started. */
const DRAFT_NAME = /^\.cowscope-([0-9a-f]{16})-([1-9][0-9]{0,9})-([0-9]{1,20})-[0-9a-f]{16}\.part$/;

/** A name for a new draft that names the process that writes it, where the system identifies processes. */
export function newDraftName(): string {
  const random = randomBytes(8).toString('hex');
  const self = ownIdentity();
  const owner = self === undefined ? '' : `${placeOf(self)}-${self.pid}-${self.started}-`;
  return `.cowscope-${owner}${random}.part`;
}

/** Where process numbers mean the same: one run of a system, and one container. */
function placeOf({ boot, space }: ProcessIdentity): string {
  return createHash('sha256').update(`${boot} ${space}`).digest('hex').slice(0, 16);
}

/**
 * Removes drafts from a folder whose processes are gone. Those of other users, of other machines and containers that
 * share the folder, and of a run of the system before this one are left alone: whether their processes are gone is not
 * known here. Never rejects.
 */
export async function removeStaleDrafts(folder: PinnedFolder): Promise<void> {
  const self = ownIdentity();
  if (self === undefined) return;
  const names = await readdir(folder.entry('.')).catch(() => []);
  for (const name of names) {
    const [, place, pid, started] = DRAFT_NAME.exec(name) ?? [];
    if (place !== placeOf(self) || pid === undefined || started === undefined) continue;
    if (await isRunning({ pid: Number(pid), started })) continue;
    const path = folder.entry(name);
    const stat = await lstat(path).catch(() => undefined);
    if (stat?.isFile() === true && stat.uid === process.getuid?.()) await unlink(path).catch(() => {});
  }
}
