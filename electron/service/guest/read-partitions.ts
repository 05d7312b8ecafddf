/** Reads the guest's partitions of a target that no session has open. */
import type { GuestDisk } from '../../../shared/model/guest/guest-disk.ts';
import type { ChainInfo } from '../../../shared/model/layer.ts';
import type { Consent, OpenTarget } from '../../../shared/model/target.ts';
import { discoverChain } from '../../chain/discover.ts';
import { withWriters } from '../../chain/writer-lock.ts';
import { readGuestDisk } from '../../guest/read-guest-disk.ts';
import type { ContentSource } from '../content/content-source.ts';
import { fileContent } from '../content/file-content.ts';
import { snapshotOf } from '../open-files.ts';
import type { OnRead } from '../progress/read-watch.ts';

/** What was read, and of what. */
export interface ReadPartitions {
  readonly chain: ChainInfo;
  readonly disk: GuestDisk;
}

/** How to read. */
export interface PartitionsRequest {
  readonly onRead?: OnRead | undefined;
  /** The address was given by the user of this machine: key files that it names may be read. */
  readonly allowLocalFiles?: boolean;
}

/** Reads the partition table and the signatures of a target's disk. Rejects with CowscopeError where it cannot be opened. */
export async function readPartitions(
  target: OpenTarget,
  consent: Consent,
  { onRead, allowLocalFiles = false }: PartitionsRequest = {},
): Promise<ReadPartitions> {
  const { signal } = new AbortController();
  if (target.kind === 'nbd') {
    const { openUri } = await import('../nbd/open-uri.ts'); // not loaded for files
    const opened = await openUri(target.uri, { consent, allowLocalFiles }, signal);
    try {
      return { chain: await opened.describe(), disk: await readDisk(opened.content, signal) };
    } finally {
      await opened.close();
    }
  }
  const found = await discoverChain({ ...target, ...consent, onRead });
  try {
    const top = found.layers.at(-1);
    const snapshot = top === undefined ? undefined : snapshotOf(top, target.snapshot);
    const content = fileContent(found.layers, snapshot?.id, found.info.complete);
    const findings = withWriters(found.info.findings, await found.written);
    return { chain: { ...found.info, findings }, disk: await readDisk(content, signal) };
  } finally {
    await found.close();
  }
}

/** Reads the disk of an open target. Rejects with CANCELLED once the signal has ended it, or where it cannot be read at all. */
export async function readDisk(content: ContentSource, signal: AbortSignal): Promise<GuestDisk> {
  const reader = await content.openGuest(signal);
  const close = () => void reader.close().catch(() => {});
  signal.addEventListener('abort', close, { once: true });
  try {
    return await readGuestDisk(reader);
  } finally {
    signal.removeEventListener('abort', close);
    await reader.close();
  }
}
