/** The findings of the L1 and L2 tables of an image, without a map: for listings that draw nothing. */
import { CowscopeError } from '../../../../shared/error.ts';
import { WordSet } from '../../../../shared/extent/page.ts';
import { FindingCollector } from '../../../../shared/finding-collector.ts';
import type { Finding } from '../../../../shared/model/finding.ts';
import { RangeSet } from '../../../../shared/range-set.ts';
import type { Qcow2Image } from '../image.ts';
import { l2OffsetAt } from '../l1.ts';
import { createMap, mapPage } from '../map.ts';
import type { Qcow2Map } from '../map-state.ts';
import { type SlicedWork, shouldYield } from '../sliced-work.ts';
import type { ImageSource } from '../source.ts';
import { l1UseOf } from './l1-use.ts';
import { MapFindings } from './map-findings.ts';

/**
 * The findings of the active disk's tables, as those of layer number `layer`. Every L2 table is decoded once, however
 * many L1 entries name it.
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
 * is true, by their offset in the file.
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
  const { l1, l1Entries, geometry } = map;
  const { clusterSize } = geometry;
  const seen = new RangeSet();
  for (let first = 0; first < l1.count; first = l1.endOfPart(first)) {
    yield;
    const end = l1.endOfPart(first);
    try {
      for (let index = l1.nextUsed(first, end); index < end; index = l1.nextUsed(index + 1, end)) {
        if (shouldYield(index)) yield;
        const table = l2OffsetAt(l1, index);
        if (table === 0 || !isWanted(table)) continue;
        if (table % clusterSize === 0 && seen.has(table / clusterSize)) continue;
        if (table % clusterSize === 0) seen.add(table / clusterSize, 1);
        scanTable(map, index);
      }
    } catch (error) {
      if (!(error instanceof CowscopeError)) throw error;
      scanTable(map, first); // reports that the part cannot be read
    }
  }
  if (l1.count < l1Entries) scanTable(map, l1.count); // the first missing entry stands for the rest
  const use = l1UseOf(image, l1);
  if (use !== undefined) collector.add(use);
}

function scanTable(map: Qcow2Map, index: number): void {
  const { geometry, size } = map;
  const start = index * geometry.l1Coverage;
  mapPage(map, start, Math.min(start + geometry.l1Coverage, size));
}
