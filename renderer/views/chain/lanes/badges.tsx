import type { LayerInfo } from '../../../../shared/model/layer.ts';
import type { TrackInfo } from '../../../../shared/model/track.ts';
import { escapeUntrusted } from '../../../../shared/text/untrusted-text.ts';

interface Badge {
  readonly text: string;
  readonly title: string;
  readonly alarming?: boolean;
}

/** The properties of a layer that differ from most, one badge each. */
export function Badges({ layer, track }: { readonly layer: LayerInfo; readonly track: TrackInfo }) {
  const badges = badgesOf(layer, track);
  return (
    <ul className="badges">
      {badges.map(({ text, title, alarming = false }) => (
        <li key={text} className="badge" data-alarming={alarming} title={title}>
          {text}
        </li>
      ))}
    </ul>
  );
}

function badgesOf(
  { qcow2, format, formatSource }: LayerInfo,
  { kind, ownerKnown, witness }: TrackInfo,
): readonly Badge[] {
  const badges: Badge[] = [];
  const add = (when: boolean | undefined, text: string, title: string, alarming = false) => {
    if (when === true) badges.push({ text, title, alarming });
  };
  add(
    true,
    witness,
    witness === 'metadata' ? 'Read from the tables of the image' : 'Reported by an NBD server',
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
