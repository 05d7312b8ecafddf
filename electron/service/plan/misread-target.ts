/** Ranges of a target's chain that other readers get wrong. */
import type { ChainInfo } from '../../../shared/model/layer.ts';
import type { MisreadReader, MisreadRow } from '../../../shared/model/misread.ts';
import type { Consent, OpenTarget } from '../../../shared/model/target.ts';
import { nextTurn } from '../../../shared/scheduler.ts';
import { discoverChain } from '../../chain/discover.ts';
import { withWriters } from '../../chain/writer-lock.ts';
import { findMisreads, MisreadRows } from '../../plan/misreads.ts';
import { type OnLayerWalk, type OnRead, watchReads } from '../progress/read-watch.ts';
import { allTablesOf, checkComplete } from './plan-target.ts';

/** What the rows are about. */
export type MisreadChain = Pick<ChainInfo, 'layers' | 'findings'>;

/** Rows that are handed on at once, about. */
const BATCH_ROWS = 1024;
/** Longest stretch of work between two turns, in milliseconds. */
const SLICE_MS = 8;

/**
 * Looks for the ranges that `reader` gets wrong. `begin` is called with the chain, then `take` with the rows, batch by batch;
 * the next batch comes once the last one was taken. Rejects with CowscopeError.
 */
export async function misreadTarget(
  target: OpenTarget & { kind: 'files' },
  consent: Consent,
  reader: MisreadReader,
  {
    begin,
    take,
    onRead,
    onWalk,
  }: {
    begin(chain: MisreadChain): Promise<void>;
    take(rows: readonly MisreadRow[]): Promise<void>;
    readonly onRead?: OnRead;
    readonly onWalk?: OnLayerWalk;
  },
): Promise<void> {
  const { files, format, backingFormat, locate } = target;
  const { allow, allowAll } = consent;
  const found = await discoverChain({ files, format, backingFormat, locate, allow, allowAll });
  try {
    checkComplete(found);
    const findings = withWriters(found.info.findings, await found.written);
    await begin({ layers: found.info.layers, findings });
    let batch: MisreadRow[] = [];
    const rows = new MisreadRows(row => batch.push(row));
    const work = findMisreads(allTablesOf(watchReads(found.layers, onRead), onWalk), reader, rows.add);
    for (let sliceEnd = performance.now() + SLICE_MS; work.next().done !== true; ) {
      if (batch.length < BATCH_ROWS && performance.now() < sliceEnd) continue;
      await take(batch);
      batch = [];
      await nextTurn();
      sliceEnd = performance.now() + SLICE_MS;
    }
    rows.finish();
    await take(batch);
  } finally {
    await found.close();
  }
}
