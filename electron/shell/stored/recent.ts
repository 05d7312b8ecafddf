/** The targets opened before, newest first, in a small file of the program's own. */
import { basename } from 'node:path';
import * as v from 'valibot';
import { TARGET } from '../../../shared/ipc/schemas.ts';
import type { OpenTarget, RecentTarget } from '../../../shared/model/target.ts';
import type { StateFormat } from '../../../shared/stored/stored-state.ts';
import { withoutSecrets } from '../../../shared/text/nbd-uri.ts';
import { type OnStateProblem, StateFile } from './state-file.ts';

/** Most targets remembered. */
export const MAX_RECENT = 12;

/** Longest target that is remembered, as JSON: the window gets all of them in one message. */
const MAX_ENTRY_CHARACTERS = 2 ** 14;

/** The list of recent targets. */
export interface RecentTargets {
  /** Newest first. */
  list(): readonly RecentTarget[];
  /** Puts a target in front, without secrets. A file that cannot be written is no reason to fail. */
  add(target: OpenTarget): void;
  clear(): void;
}

/** What the file holds. A target that is not valid is null. */
interface StoredRecent {
  readonly recent: readonly (OpenTarget | null)[];
}

const FORMAT: StateFormat<StoredRecent> = {
  upgrades: [unnumbered => unnumbered],
  schema: v.object({ recent: v.array(v.fallback(v.nullable(TARGET), null)) }),
};

/** The list kept in `path`. Targets that are not valid are dropped on reading. */
export function openRecentTargets(path: string, onProblem: OnStateProblem): RecentTargets {
  const file = new StateFile(path, FORMAT);
  const stored = file.read(onProblem)?.recent.filter(target => target !== null) ?? [];
  let entries: readonly RecentTarget[] = stored.slice(0, MAX_RECENT).map(recentTarget);
  const replace = (next: readonly RecentTarget[]) => {
    entries = next;
    file.write({ recent: next.map(entry => entry.target) });
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
