/** What the L1 and L2 tables of an image show without a map: for listings that draw nothing. */
import { WordSet } from '../../../../shared/extent/page.ts';
import { FindingCollector } from '../../../../shared/finding-collector.ts';
import type { Finding } from '../../../../shared/model/finding.ts';
import { RangeSet } from '../../../../shared/range-set.ts';
import type { Qcow2Image } from '../image.ts';
import { l2OffsetAt } from '../l1.ts';
import { createMap, mapPage } from '../map.ts';
import { type SlicedWork, shouldYield } from '../sliced-work.ts';
import type { ImageSource } from '../source.ts';
import { MapFindings } from './map-findings.ts';

/**
 * The findings of the active disk's tables, as those of layer number `layer`. Every L2 table is decoded once, however
 * many L1 entries name it. Throws QCOW2_READ_FAILED where the L1 table cannot be read.
 */
export function* scanTables(
  image: Qcow2Image,
  layer: number,
  dataFile?: ImageSource,
): SlicedWork<readonly Finding[]> {
  const collector = new FindingCollector(layer);
  yield* scanTablesInto(collector, image, dataFile);
  return collector.list();
}

/**
 * Adds the findings of the active disk's tables to a collector; with `isWanted` only those of the L2 tables for which it
 * is true, by their offset in the file. Throws QCOW2_READ_FAILED where the L1 table cannot be read.
 */
export function* scanTablesInto(
  collector: FindingCollector,
  image: Qcow2Image,
  dataFile?: ImageSource,
  isWanted: (tableOffset: number) => boolean = () => true,
): SlicedWork<void> {
  const map = createMap(image, {
    words: new WordSet(),
    findings: new MapFindings(collector),
    ...(dataFile === undefined ? {} : { dataFile }),
  });
  const { l1, l1Entries, size } = map;
  const { l1Coverage, clusterSize } = map.geometry;
  const seen = new RangeSet();
  // Where the file ends inside the L1 table, its first missing entry stands for the rest.
  const last = Math.min(l1Entries, l1.count + 1);
  for (let index = 0; index < last; index++) {
    if (shouldYield(index)) yield;
    if (index < l1.count) {
      const table = l2OffsetAt(l1, index);
      if (table === 0 || !isWanted(table)) continue;
      if (table % clusterSize === 0 && seen.has(table / clusterSize)) continue;
      if (table % clusterSize === 0) seen.add(table / clusterSize, 1);
    }
    const start = index * l1Coverage;
    mapPage(map, start, Math.min(start + l1Coverage, size));
  }
}
