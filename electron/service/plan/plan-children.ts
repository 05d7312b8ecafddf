/** Other images that rest on files of a chain, found by their headers. */
import { dirname } from 'node:path';
import { type Finding, makeFinding, WHOLE_CHAIN } from '../../../shared/model/finding.ts';
import type { OtherChild } from '../../../shared/model/plan/plan.ts';
import { dependentsOf, imageAt, type Store } from '../../../shared/model/store/store.ts';
import { shellQuote } from '../../../shared/text/shell.ts';
import type { BytePath } from '../../chain/byte-path.ts';
import type { OpenLayer } from '../../chain/discover.ts';
import { scanStore } from '../../chain/store/scan-store.ts';

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
  layers: readonly Pick<OpenLayer, 'info' | 'path' | 'device'>[],
  stores: readonly string[],
  signal?: AbortSignal,
): Promise<FoundChildren> {
  const files = layers.map(({ path }) => path);
  const folders = files.map(path => dirname(path) as BytePath);
  const store = await scanStore({
    roots: stores,
    files,
    flat: [...new Set(folders)],
    ...(signal === undefined ? {} : { signal }),
  });
  const indexes = layers.map(({ info }) => imageAt(store, info.path));
  const children = layers.flatMap(({ info: { index } }) =>
    (store.images[indexes[index] ?? -1]?.children ?? [])
      .filter(child => !indexes.includes(child))
      .flatMap(child => [child, ...dependentsOf(store, child)])
      .map(image => ({ path: store.images[image]?.path ?? '', layer: index })),
  );
  return {
    children,
    searched: [
      searchedIn(
        store,
        layers.some(({ device }) => device),
      ),
    ],
  };
}

/** Where it was looked for other images, and what was left out there. */
function searchedIn({ roots, coverage }: Store, hasVolumes: boolean): Finding {
  const { complete, errorCount } = coverage;
  const places = roots.map(root => JSON.stringify(root)).join(', ');
  const left = [
    ...(complete && errorCount === 0 ? [] : ['not all of that could be looked at']),
    ...(hasVolumes ? ['volumes and other devices there were not opened'] : []),
  ];
  return makeFinding({
    code: 'PLAN_CHILDREN_SEARCHED',
    severity: left.length === 0 ? 'note' : 'hazard',
    layer: WHOLE_CHAIN,
    what:
      left.length === 0
        ? `other images on these files were looked for in ${places} alone`
        : `other images on these files were looked for in ${places}, and ${left.join('; ')}`,
    advice: `name further folders${hasVolumes ? ', and each volume that may hold an image,' : ''} with --store${exampleOf(roots)}, or open them in the window`,
  });
}

/** The folder above those that were looked in, for a person to copy; everything that the machine holds is none. */
function exampleOf(roots: readonly string[]): string {
  const above = dirname(roots[0] ?? '/');
  return above === '/' || above.includes('\ufffd') || roots.includes(above)
    ? ''
    : `, such as \`--store ${shellQuote(above)}\``;
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
