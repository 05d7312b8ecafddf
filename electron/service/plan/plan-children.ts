/** Other images that rest on files of a chain, found by their headers. */
import { opendir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Finding, makeFinding, WHOLE_CHAIN } from '../../../shared/model/finding.ts';
import type { LayerInfo } from '../../../shared/model/layer.ts';
import type { OtherChild } from '../../../shared/model/plan/plan.ts';
import { dependentsOf, imageAt } from '../../../shared/model/store/store.ts';
import { scanStore } from '../../chain/store/scan-store.ts';

/** Most files that are looked at beside those of the chain, where no folder was named. */
const MAX_NEIGHBORS = 4096;

/** What was found, and where it was looked for. */
export interface FoundChildren {
  readonly children: readonly OtherChild[];
  readonly searched: readonly Finding[];
}

/**
 * Images in the folders that hold the layers, and in and below `stores`, which rest on one of the layers, as on their backing
 * file or through other images, and are none of the chain. Rejects where a store cannot be opened, and with what `signal` is aborted with.
 */
export async function findChildren(
  layers: readonly LayerInfo[],
  stores: readonly string[],
  signal?: AbortSignal,
): Promise<FoundChildren> {
  const folders = [...new Set(layers.map(({ path }) => dirname(path)))];
  const neighbors = await filesIn(folders);
  const files = [...layers.map(({ path }) => path), ...neighbors.files];
  const named = new Set(files);
  const store = await scanStore({
    roots: [...files, ...stores],
    ...(signal === undefined ? {} : { signal }),
  });
  const indexes = layers.map(({ path }) => imageAt(store, path));
  const children = layers.flatMap(({ index }) =>
    (store.images[indexes[index] ?? -1]?.children ?? [])
      .filter(child => !indexes.includes(child))
      .flatMap(child => [child, ...dependentsOf(store, child)])
      .map(image => ({ path: store.images[image]?.path ?? '', layer: index })),
  );
  const isComplete = neighbors.isComplete && store.coverage.complete;
  const places = [...new Set([...folders, ...store.roots.filter(root => !named.has(root))])]
    .map(folder => JSON.stringify(folder))
    .join(', ');
  const searched = makeFinding({
    code: 'PLAN_CHILDREN_SEARCHED',
    severity: isComplete ? 'note' : 'hazard',
    layer: WHOLE_CHAIN,
    what: isComplete
      ? `other images on these files were looked for in ${places} alone`
      : `other images on these files were looked for in ${places}, and not all of that could be looked at`,
    advice: 'name further folders with --store, or open them in the window',
  });
  return { children, searched: [searched] };
}

/** The finding for a captured chain: its folders are on another machine. */
export function notSearched(): FoundChildren {
  const finding = makeFinding({
    severity: 'hazard',
    code: 'PLAN_CHILDREN_SEARCHED',
    layer: WHOLE_CHAIN,
    what: 'other images on these files were not looked for: the plan is made from a capture',
    advice: 'look for them with `cowscope store` on the machine where the files lie',
  });
  return { children: [], searched: [finding] };
}

/** The regular files that lie directly in folders; a folder that cannot be read holds none. */
async function filesIn(folders: readonly string[]): Promise<{ files: string[]; isComplete: boolean }> {
  const files: string[] = [];
  let isComplete = true;
  for (const folder of folders) {
    try {
      for await (const entry of await opendir(folder)) {
        if (!entry.isFile()) continue;
        if (files.length === MAX_NEIGHBORS) return { files, isComplete: false };
        files.push(join(folder, entry.name));
      }
    } catch {
      isComplete = false;
    }
  }
  return { files, isComplete };
}
