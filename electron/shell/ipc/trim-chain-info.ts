/** The description of a chain as the window gets it: long lists are cut, so that the answer fits one message. */
import type { ChainInfo, LayerInfo } from '../../../shared/model/layer.ts';

/** Most snapshots, bitmaps or tables of one layer that the window gets; `cowscope layers` prints them all. */
export const MAX_LISTED = 100;

/**
 * The same chain with lists of at most MAX_LISTED; a note in the layer says what was left out. It has no findings: the
 * window asks for them page by page.
 */
export function chainForWindow(chain: ChainInfo): ChainInfo {
  return { ...chain, layers: chain.layers.map(layerForWindow), findings: [] };
}

function layerForWindow(layer: LayerInfo): LayerInfo {
  const { qcow2 } = layer;
  if (qcow2 === undefined) return layer;
  const notes = [...layer.notes];
  const cut = <T>(list: readonly T[], name: string): readonly T[] => {
    if (list.length <= MAX_LISTED) return list;
    notes.push(`It has ${list.length} ${name}; the first ${MAX_LISTED} are listed here.`);
    return list.slice(0, MAX_LISTED);
  };
  const { details } = qcow2;
  const shortened = {
    ...qcow2,
    snapshots: cut(qcow2.snapshots, 'internal snapshots'),
    bitmaps: cut(qcow2.bitmaps, 'dirty bitmaps'),
    ...(details === undefined
      ? {}
      : {
          details: {
            ...details,
            extensions: cut(details.extensions, 'header extensions'),
            tables: cut(details.tables, 'tables'),
          },
        }),
  };
  return { ...layer, qcow2: shortened, notes };
}
