import { useCallback, useMemo, useRef } from 'react';
import type { GuestDisk, GuestPartition } from '../../../../shared/model/guest/guest-disk.ts';
import { contentText, divisionText, partitionTitle } from '../../../../shared/text/guest/partition-text.ts';
import { formatOffset, formatSize } from '../../../../shared/text/offset.ts';
import { escapeUntrusted } from '../../../../shared/text/untrusted-text.ts';
import { showPartition, togglePartitions } from '../../../state/guest/partitions.ts';
import { getAxis, useStore } from '../../../state/store.ts';
import { setBandPosition } from '../../../ui/axis/set-band-position.ts';
import { usePainter } from '../../../ui/hooks/use-painter.ts';

/** The longest text of a partition: names and labels are cut. */
const MAX_LABEL_CHARACTERS = 120;
const MAX_TITLE_CHARACTERS = 500;

/** One range of the track. */
interface Block {
  readonly start: number;
  readonly length: number;
  /** What is written in it, and what its tooltip says. Safe to show. */
  readonly label: string;
  readonly title: string;
  readonly isGap: boolean;
}

/** The guest's partitions above the axis, where they were read: a click shows one. */
export function PartitionTrack() {
  const disk = useStore(({ partitions }) => (partitions.phase === 'read' ? partitions.disk : undefined));
  return disk === undefined ? null : <Track disk={disk} />;
}

function Track({ disk }: { readonly disk: GuestDisk }) {
  const blocks = useMemo(() => blocksOf(disk), [disk]);
  const lane = useRef<HTMLDivElement>(null);
  const drawn = useRef('');
  const paint = useCallback(() => {
    const { viewport, width } = getAxis('guest');
    const elements = lane.current?.children;
    const key = `${viewport.start} ${viewport.end} ${width}`;
    if (elements === undefined || drawn.current === key) return;
    drawn.current = key;
    for (const [i, { start, length }] of blocks.entries())
      setBandPosition('guest', elements[i] as HTMLElement, { start, end: start + length });
  }, [blocks]);
  usePainter(paint);
  const summary = escapeUntrusted(divisionText(disk), MAX_TITLE_CHARACTERS);
  return (
    <section className="partition-row" aria-label="Partitions">
      <div className="row-head" title={summary}>
        <span>Partitions</span>
        <button type="button" className="quiet" title="Hide the partitions" onClick={togglePartitions}>
          {disk.scheme === 'none' ? 'no table' : disk.scheme.toUpperCase()}
        </button>
      </div>
      <div className="partition-lane" ref={lane}>
        {blocks.map(block => (
          <button
            key={`${block.start} ${block.length} ${block.title}`}
            type="button"
            className="partition"
            data-gap={block.isGap}
            title={block.title}
            onClick={() => showPartition(block)}
          >
            <bdi>{block.label}</bdi>
          </button>
        ))}
        {blocks.length === 0 && <p className="hint">{summary}</p>}
      </div>
    </section>
  );
}

/** Ranges in order of their start. Extended partitions are shown by the logical ones and the gaps in them. */
function blocksOf(disk: GuestDisk): Block[] {
  const { partitions, gaps, scheme, whole, size } = disk;
  if (scheme === 'none') {
    if (whole.content === undefined) return [];
    const label = escapeUntrusted(contentText(whole), MAX_LABEL_CHARACTERS);
    return [{ start: 0, length: size, label, title: `${label}, without a partition table`, isGap: false }];
  }
  const blocks = partitions.filter(({ kind }) => kind !== 'extended').map(blockOf);
  for (const [start, length] of gaps) {
    const title = `no partition: ${formatSize(length)} from ${formatOffset(start)}`;
    blocks.push({ start, length, label: 'no partition', title, isGap: true });
  }
  return blocks.sort((a, b) => a.start - b.start);
}

function blockOf(partition: GuestPartition): Block {
  const { number, start, length, content, typeName, name } = partition;
  const label = [
    String(number),
    content?.type ?? typeName,
    content?.label === undefined || content.label === '' ? name : content.label,
    formatSize(length),
  ];
  const title = [
    partitionTitle(partition),
    contentText(partition),
    typeName,
    name === '' ? '' : `named ${JSON.stringify(name)}`,
    `${formatSize(length)} from ${formatOffset(start)}`,
  ];
  return {
    start,
    length,
    label: escapeUntrusted(label.filter(text => text !== '').join(' · '), MAX_LABEL_CHARACTERS),
    title: escapeUntrusted(title.filter(text => text !== '').join(' · '), MAX_TITLE_CHARACTERS),
    isGap: false,
  };
}
