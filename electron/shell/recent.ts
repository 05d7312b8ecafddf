/** The targets opened before, newest first, in a small file of the program's own. */
import { basename } from 'node:path';
import * as v from 'valibot';
import { TARGET } from '../../shared/ipc/schemas.ts';
import type { OpenTarget, RecentTarget } from '../../shared/model/target.ts';
import { withoutSecrets } from '../../shared/text/nbd-uri.ts';
import { readJson, writeJson } from './json-store.ts';

/** Most targets remembered. */
export const MAX_RECENT = 12;

/** Longest target that is remembered, as JSON: all of them are told to the window in one message. */
const MAX_ENTRY_CHARACTERS = 2 ** 14;

/** The list of recent targets. */
export interface RecentList {
  /** Newest first. */
  list(): readonly RecentTarget[];
  /** Puts a target in front, without secrets. A file that cannot be written is no reason to fail. */
  add(target: OpenTarget): void;
  clear(): void;
}

/** The list kept in `file`. Entries that are not valid are dropped on reading. */
export function recentList(file: string): RecentList {
  let entries: readonly RecentTarget[] = readEntries(file);
  const replace = (next: readonly RecentTarget[]) => {
    entries = next;
    try {
      writeJson(file, { version: 1, recent: next.map(entry => entry.target) });
    } catch {
      // A read-only profile keeps the list for this run alone.
    }
  };
  return {
    list: () => entries,
    add(target) {
      const entry = recentTarget(target);
      if (JSON.stringify(entry).length > MAX_ENTRY_CHARACTERS) return;
      const same = JSON.stringify(entry.target);
      const others = entries.filter(other => JSON.stringify(other.target) !== same);
      replace([entry, ...others].slice(0, MAX_RECENT));
    },
    clear: () => replace([]),
  };
}

/** What the file holds. A target that is not valid, such as one of a newer version, is null. */
const RECENT_FILE = v.object({ recent: v.array(v.fallback(v.nullable(TARGET), null)) });

function readEntries(file: string): readonly RecentTarget[] {
  const { success, output } = v.safeParse(RECENT_FILE, readJson(file));
  if (!success) return [];
  const targets = output.recent.filter(target => target !== null);
  return targets.slice(0, MAX_RECENT).map(recentTarget);
}

/** A target as it is remembered: with a short title (the top file's name, or the address) and no secrets. */
export function recentTarget(target: OpenTarget): RecentTarget {
  if (target.kind === 'nbd') {
    const uri = withoutSecrets(target.uri);
    return { title: uri, target: { kind: 'nbd', uri } };
  }
  const top = target.files.at(-1) ?? '';
  const below = target.files.length > 1 ? ` and ${target.files.length - 1} below` : '';
  const shown = target.snapshot === undefined ? '' : ` as of snapshot ${target.snapshot}`;
  const { locate: _, ...remembered } = target; // files chosen in place of missing ones count for one session
  return { title: `${basename(top)}${below}${shown}`, target: remembered };
}
