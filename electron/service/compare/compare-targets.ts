/** Opens what is to be compared, compares it, and says what may not be relied on. */
import type { ErrorRecord } from '../../../shared/error.ts';
import type { ComparisonSums } from '../../../shared/model/comparison.ts';
import type { ChainInfo } from '../../../shared/model/layer.ts';
import type { OpenTarget } from '../../../shared/model/target.ts';
import { type ChainSession, openChain } from '../chain-session.ts';
import type { SessionOptions } from '../session-options.ts';
import { type CompareOptions, compareDisks } from './compare-disks.ts';
import { diskOf } from './compared-disk.ts';
import { changedError } from './comparison.ts';
import { type ComparedDisk, sizeOfDisk } from './guest-cursor.ts';

/** One side: a target, or one of its layers with what lies below it. */
export interface ComparedTarget {
  readonly target: OpenTarget;
  readonly layer?: number | undefined;
}

/** One side as it was found. */
export interface ComparedChain {
  readonly chain: ChainInfo;
  /** The layer that is taken for the top. */
  readonly layer: number;
  /** Bytes of the disk that it shows. */
  readonly size: number;
}

/** What is reported while targets are compared. */
export interface CompareEvents extends Pick<CompareOptions, 'take' | 'progress'> {
  /** Both are open. */
  begin(a: ComparedChain, b: ComparedChain): Promise<void> | void;
}

/** What came of it. */
export interface ComparedTargets {
  readonly sums: ComparisonSums;
  /** Bytes that one disk or both have lost. */
  readonly lost: number;
  readonly sizes: readonly [a: number, b: number];
  /** What could not be read or compared, and files that changed meanwhile. */
  readonly errors: readonly ErrorRecord[];
}

/** Compares two targets. Rejects with CowscopeError where one of them cannot be opened. */
export async function compareTargets(
  [a, b]: readonly [a: ComparedTarget, b: ComparedTarget],
  content: boolean,
  options: SessionOptions,
  events: CompareEvents,
): Promise<ComparedTargets> {
  const sessions: ChainSession[] = [];
  const open = async (target: OpenTarget) => {
    const session = await openChain(target, { ...options, buildPyramid: false });
    sessions.push(session);
    return session;
  };
  try {
    const first = await open(a.target);
    const isOne = JSON.stringify(a.target) === JSON.stringify(b.target);
    const second = isOne ? first : await open(b.target);
    const disks = [diskOf(first, a.layer), diskOf(second, b.layer)] as const;
    const failed = (await Promise.all(sessions.map(session => session.fed()))).flat();
    await events.begin(chainOf(disks[0]), chainOf(disks[1]));
    const { signal } = new AbortController(); // the command line is ended by its signals
    const { sums, lost, errors } = await compareDisks(...disks, { content, signal, ...events });
    const changed = (await Promise.all(sessions.map(changedFiles))).flat();
    // A layer that could not be read matters where something is read from it.
    const lacking = [...failed, ...sessions.flatMap(session => session.unreadable())];
    const unread = sums.kinds.unreadable.bytes === 0 ? [] : lacking.map(({ error }) => error);
    return {
      sums,
      lost,
      sizes: [sizeOfDisk(disks[0]), sizeOfDisk(disks[1])],
      errors: [...unread, ...errors, ...changed],
    };
  } finally {
    await Promise.all(sessions.map(session => session.close()));
  }
}

function chainOf(disk: ComparedDisk): ComparedChain {
  const { chain } = disk.session;
  return { chain, layer: disk.layer ?? chain.layers.length - 1, size: sizeOfDisk(disk) };
}

async function changedFiles(session: ChainSession): Promise<ErrorRecord[]> {
  return (await session.changedLayers()).map(layer => changedError(session, layer));
}
