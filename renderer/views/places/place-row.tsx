// biome-ignore-all lint/a11y/noRedundantRoles: inside a grid the roles of rows and cells are spelled out for every reader
// biome-ignore-all lint/a11y/noNoninteractiveElementToInteractiveRole: cells of a grid are gridcells
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus and names its active row
import { LEGEND, legendOf } from '../../../shared/legend.ts';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import type { Place } from '../../../shared/model/place.ts';
import { StateSwatch } from '../../ui/state-swatch.tsx';
import { Offset, Size, Untrusted } from '../../ui/text.tsx';

interface PlaceRowProps {
  readonly id: string;
  /** Undefined until it has arrived. */
  readonly place: Place | undefined;
  /** Number among all, from 0. */
  readonly number: number;
  readonly active: boolean;
  readonly chain: OpenedChain;
  readonly onSelect: () => void;
}

/** One place. The exact numbers and keys are in the data attributes, for tests and scripts. */
export function PlaceRow({ id, place, number, active, chain, onSelect }: PlaceRowProps) {
  if (place === undefined)
    return (
      <tr role="row" id={id} aria-rowindex={number + 2}>
        <td role="gridcell" colSpan={8}>
          …
        </td>
      </tr>
    );
  const { kind, track, start, end, state, bitmap, others, hostOffset } = place;
  return (
    <tr
      role="row"
      id={id}
      aria-rowindex={number + 2}
      aria-selected={active}
      data-kind={kind}
      data-track={track}
      data-start={start}
      data-end={end}
      data-others={others.join(' ')}
      data-host={hostOffset}
      onClick={onSelect}
    >
      <td role="gridcell">
        <StateSwatch of={kind} />
        {LEGEND[kind].label}
        {bitmap !== '' && (
          <>
            {' in '}
            <Untrusted text={bitmap} max={30} />
          </>
        )}
      </td>
      <td role="gridcell">
        <Untrusted text={chain.tracks[track]?.title ?? ''} max={40} />
      </td>
      <td role="gridcell">
        <Offset at={start} />
      </td>
      <td role="gridcell">
        <Offset at={end} />
      </td>
      <td role="gridcell">
        <Size bytes={end - start} />
      </td>
      <td role="gridcell">{state === null ? '' : legendOf(chain)[state].label}</td>
      <td role="gridcell">
        {others.length > 0 && (kind === 'overridden' || kind === 'shadowed' ? 'hidden by ' : 'hides ')}
        {others.map((other, i) => (
          <span key={other}>
            {i > 0 && ', '}
            <Untrusted text={chain.tracks[other]?.title ?? ''} max={40} />
          </span>
        ))}
      </td>
      <td role="gridcell">{hostOffset >= 0 && <Offset at={hostOffset} />}</td>
    </tr>
  );
}
