/** What the snapshot table shows beside entries that cannot be read: names, and entries that are not counted. */
import { dataViewOf, uint64At } from '../../../../shared/bytes.ts';
import { type Cause, causeOf, type FindingCollector } from '../../../../shared/finding-collector.ts';
import { countOf } from '../../../../shared/text/offset.ts';
import { hex, textOf } from '../../format/bytes.ts';
import { checkTable, hasDataFile } from '../../format/header.ts';
import { MAX_L1_BYTES } from '../../format/limits.ts';
import type { Qcow2Image } from '../../read/image.ts';
import { type SlicedWork, shouldYield } from '../../read/sliced-work.ts';
import { readAhead, sizeNow } from '../../read/source.ts';
import { KEEP_EVIDENCE } from './advice.ts';

/** The id of the finding about entries behind the counted ones. */
export const HIDDEN_SNAPSHOTS = 'QCOW2_SNAPSHOTS_HIDDEN';

/** Bytes looked at behind the counted entries. */
const LOOK_AHEAD_BYTES = 2 ** 16;
const FIXED_BYTES = 40;

const SAME_NAME: Cause = {
  id: 'QCOW2_SNAPSHOT_NAMES',
  code: 'QCOW2_SNAPSHOT_NAMES',
  severity: 'note',
  what: count =>
    `${count === 1 ? 'a snapshot has' : `${count} snapshots have`} the id or the name of another: tools that take a name choose the first`,
  advice: 'name snapshots by their id',
};

/** Adds what the table of internal snapshots shows. Throws QCOW2_READ_FAILED. */
export function* checkSnapshots(collector: FindingCollector, image: Qcow2Image): SlicedWork<void> {
  const { header, snapshots } = image;
  const seen = new Set<string>();
  for (const [index, { id, name, fileOffset, length }] of snapshots.entries()) {
    if (shouldYield(index)) yield;
    const host = [fileOffset, length] as const;
    const evidence = { source: `snapshot table entry ${index}`, fileOffset, value: JSON.stringify(name) };
    if (seen.has(`id ${id}`) || seen.has(`name ${name}`))
      collector.add(SAME_NAME, { host, evidence: { ...evidence, bits: `id ${JSON.stringify(id)}` } });
    seen.add(`id ${id}`).add(`name ${name}`);
  }
  if (hasDataFile(header) && snapshots.length > 0)
    collector.add(
      causeOf({
        code: 'QCOW2_SNAPSHOT_DATA_FILE',
        severity: 'corruption',
        what: `the image has ${countOf(snapshots.length, 'internal snapshot')} and an external data file, which cannot hold the data of snapshots`,
        advice: `${KEEP_EVIDENCE}; the active disk can be read`,
      }),
      { host: [60, 12] },
    );
  findHidden(collector, image);
}

/** Entries that lie behind the counted ones: the count was lowered, or a delete was not finished. */
function findHidden(collector: FindingCollector, image: Qcow2Image): void {
  const { source, header, snapshots } = image;
  if (header.snapshotsOffset === 0 || header.storedSnapshotCount > snapshots.length) return;
  const last = snapshots.at(-1);
  const end = last === undefined ? header.snapshotsOffset : last.fileOffset + last.length;
  const start = Math.ceil(end / 8) * 8;
  const clusterSize = 2 ** header.clusterBits;
  if (header.snapshotsOffset % clusterSize !== 0) return;
  const bytes = readAhead(source, start, 0, LOOK_AHEAD_BYTES);
  const view = dataViewOf(bytes);
  const fileLength = sizeNow(source);
  const names: string[] = [];
  let at = 0;
  while (at + FIXED_BYTES <= bytes.length) {
    const l1Offset = uint64At(view, at);
    const l1Size = view.getUint32(at + 8);
    const idLength = view.getUint16(at + 12);
    const nameAt = at + FIXED_BYTES + view.getUint32(at + 36) + idLength;
    const next = nameAt + view.getUint16(at + 14);
    const isEntry =
      l1Offset > 0 &&
      l1Size > 0 &&
      l1Offset + l1Size * 8 <= fileLength &&
      checkTable(l1Offset, l1Size, 8, MAX_L1_BYTES, clusterSize) === undefined &&
      view.getUint32(at + 36) <= 1024 &&
      idLength > 0 &&
      next <= bytes.length;
    if (!isEntry) break;
    names.push(textOf(bytes.subarray(nameAt, next)));
    at = Math.ceil(next / 8) * 8;
  }
  if (names.length === 0) return;
  collector.add(
    causeOf({
      code: HIDDEN_SNAPSHOTS,
      severity: 'hazard',
      what: `the header counts ${countOf(snapshots.length, 'snapshot')}, and ${names.length} more ${names.length === 1 ? 'entry lies' : 'entries lie'} behind them: ${names
        .slice(0, 4)
        .map(name => JSON.stringify(name))
        .join(', ')}; what ${names.length === 1 ? 'it holds counts' : 'they hold counts'} as leaked`,
      advice:
        'write nothing to the image if these snapshots are wanted: in a copy, put the count in the header back, at offset 60',
    }),
    {
      host: [start, at],
      evidence: {
        source: 'snapshot table',
        fileOffset: start,
        value: hex(start),
        bits: names.slice(0, 4).join(', '),
      },
    },
  );
}
