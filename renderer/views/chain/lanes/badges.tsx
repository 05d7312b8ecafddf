import { useRef } from 'react';
import { confidenceText } from '../../../../shared/model/inference.ts';
import type { LayerInfo } from '../../../../shared/model/layer.ts';
import type { TrackInfo } from '../../../../shared/model/track.ts';
import { formatCount, formatSize } from '../../../../shared/text/offset.ts';
import { escapeUntrusted } from '../../../../shared/text/untrusted-text.ts';
import { showView } from '../../../state/views.ts';
import { HIDDEN_COUNT_CLASS, useHiddenItems } from '../../../ui/hooks/use-hidden-items.ts';

/** Bytes of a cluster of most images. */
const USUAL_CLUSTER_BYTES = 65_536;

interface Badge {
  readonly text: string;
  readonly title: string;
  readonly alarming?: boolean;
  readonly onClick?: () => void;
}

interface BadgesProps {
  readonly layer: LayerInfo;
  readonly track: TrackInfo;
  /** Bytes of the guest's disk. */
  readonly size: number;
  /** True where another program has the file open for writing. */
  readonly locked: boolean;
  /** Findings of the layer, but for notes. */
  readonly findings: number;
}

/**
 * How many findings a layer has, and its properties that differ from most: one badge each, what is wrong first. Those that
 * find no room in the header are counted, and a click on that lists all of them with what they mean.
 */
export function Badges({ layer, track, size, locked, findings }: BadgesProps) {
  const list = useRef<HTMLUListElement>(null);
  const own = badgesOf(layer, track, size, locked);
  const badges = [
    ...(findings > 0 ? [findingsBadge(findings)] : []),
    ...own.filter(({ alarming }) => alarming),
    ...own.filter(({ alarming }) => !alarming),
  ];
  const hidden = useHiddenItems(list, badges.map(({ text }) => text).join());
  return (
    <ul className="badges" ref={list}>
      {badges.map(({ text, title, alarming = false, onClick }) =>
        onClick === undefined ? (
          <li key={text} className="badge" data-alarming={alarming} title={title}>
            {text}
          </li>
        ) : (
          <li key={text}>
            <button type="button" className="badge" data-alarming={alarming} title={title} onClick={onClick}>
              {text}
            </button>
          </li>
        ),
      )}
      {hidden > 0 && <MoreBadges count={hidden} badges={badges} of={track} />}
    </ul>
  );
}

function findingsBadge(findings: number): Badge {
  return {
    text: findings === 1 ? '1 finding' : `${formatCount(findings)} findings`,
    title: 'Show the findings',
    alarming: true,
    onClick: () => showView('findings'),
  };
}

interface MoreBadgesProps {
  readonly count: number;
  readonly badges: readonly Badge[];
  readonly of: TrackInfo;
}

/** How many badges found no room; a click lists all of them. */
function MoreBadges({ count, badges, of: { id, title } }: MoreBadgesProps) {
  const list = `badges-${id}`;
  const anchor = `--${list}`;
  return (
    <li className={HIDDEN_COUNT_CLASS}>
      <button
        type="button"
        className="badge"
        data-alarming={badges.slice(-count).some(({ alarming }) => alarming)}
        popoverTarget={list}
        style={{ anchorName: anchor }}
        aria-label={`+${count} more of ${escapeUntrusted(title)}`}
        title="Show all of them"
      >
        +{count}
      </button>
      <dl id={list} popover="auto" className="badge-list" style={{ positionAnchor: anchor }}>
        {badges.map(({ text, title: meaning, alarming = false }) => (
          <div key={text}>
            <dt className="badge" data-alarming={alarming}>
              {text}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </li>
  );
}

function badgesOf(
  { qcow2, format, formatSource, clusterSize, inference }: LayerInfo,
  { kind, ownerKnown, witness, size }: TrackInfo,
  diskSize: number,
  locked: boolean,
): readonly Badge[] {
  const badges: Badge[] = [];
  const add = (when: boolean | undefined, text: string, title: string, alarming = false) => {
    if (when === true) badges.push({ text, title, alarming });
  };
  if (witness === 'metadata') add(true, 'from tables', 'The map is read from the tables of the image');
  else if (format === 'nbd') add(true, 'over NBD', 'The map is what an NBD server reports');
  else add(true, 'from qemu-nbd', 'The map is what qemu-nbd reports of the file');
  add(
    locked,
    'in use',
    'Another program has the file open for writing: what you see may be out of date',
    true,
  );
  add(
    kind === 'layer' && size < diskSize,
    `ends at ${formatSize(size)}`,
    'The layer is shorter than the disk: past its end it reads as zeros',
  );
  add(
    clusterSize > 1 && clusterSize !== USUAL_CLUSTER_BYTES,
    `${formatSize(clusterSize)} clusters`,
    'What the layer holds is known cluster by cluster',
  );
  add(
    kind === 'depth',
    'hidden layers not known',
    'An NBD server reports which depth is read, not what the layers below hold there',
  );
  add(qcow2?.corrupt, 'corrupt', 'The image is marked corrupt', true);
  add(qcow2?.dirty, 'not closed', 'The image was not closed cleanly: its refcounts may be stale', true);
  add(!ownerKnown, 'owner unknown', 'The server does not say which layer owns what', true);
  add(
    formatSource === 'assumed',
    'format assumed',
    'No format is recorded for this file, so it is read as raw',
    true,
  );
  add(
    inference !== undefined,
    `inferred, ${inference === undefined ? '' : confidenceText(inference)}`,
    `The ${inference?.lost ?? ''} is lost: this layer is read by what its other tables tell`,
    true,
  );
  add(format === 'raw', 'raw', 'A raw file holds its whole size');
  add(qcow2?.extendedL2, 'subclusters', 'Extended L2 entries: a cluster has 32 parts');
  add(
    qcow2 !== undefined && qcow2.encryption !== 'none',
    qcow2?.encryption ?? '',
    'The content is encrypted',
  );
  add(
    qcow2 !== undefined && qcow2.dataFile !== '',
    'data file',
    `Content lies in ${escapeUntrusted(qcow2?.dataFile ?? '')}`,
  );
  const bitmaps = qcow2?.bitmaps.length ?? 0;
  add(bitmaps > 0, bitmaps === 1 ? '1 bitmap' : `${bitmaps} bitmaps`, 'Dirty bitmaps stored in the image');
  const unusable = qcow2?.bitmaps.filter(bitmap => bitmap.unusable !== undefined) ?? [];
  add(
    unusable.length > 0,
    `${unusable.length} ${unusable.length === 1 ? 'bitmap' : 'bitmaps'} unusable`,
    unusable
      .map(({ name, unusable: why }) => `${escapeUntrusted(name)}: ${why}`)
      .join('; ')
      .slice(0, 500),
    true,
  );
  const snapshots = qcow2?.snapshots.length ?? 0;
  add(snapshots > 0, snapshots === 1 ? '1 snapshot' : `${snapshots} snapshots`, 'Internal snapshots');
  return badges;
}
