// biome-ignore-all lint/a11y/noRedundantRoles: inside a grid the roles of rows and cells are spelled out for every reader
// biome-ignore-all lint/a11y/noNoninteractiveElementToInteractiveRole: cells of a grid are gridcells
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus and names its active row
import { LEGEND } from '../../../../shared/legend.ts';
import type { ExtentDetails } from '../../../../shared/model/track.ts';
import { Offset, Size, Untrusted } from '../../../ui/text.tsx';
import { findingText } from './row-text.ts';
import type { TrackRow } from './track-rows.ts';

interface TrackTableRowProps {
  readonly id: string;
  readonly row: TrackRow;
  /** Index among all rows, from 0. */
  readonly index: number;
  readonly active: boolean;
  /** Undefined until they have arrived. */
  readonly details: ExtentDetails | undefined;
  /** Whether the columns of the owner and of the finding are there. */
  readonly hasOwner: boolean;
  readonly hasFinding: boolean;
  readonly onSelect: () => void;
}

/** One extent. The exact numbers and keys are in the data attributes, for tests and scripts. */
export function TrackTableRow({
  id,
  row,
  index,
  active,
  details,
  hasOwner,
  hasFinding,
  onSelect,
}: TrackTableRowProps) {
  const marks = row.marks.map(mark => LEGEND[mark].label).join(', ');
  const finding = details === undefined ? '' : findingText(details);
  return (
    <tr
      role="row"
      id={id}
      aria-rowindex={index + 2}
      aria-selected={active}
      data-start={row.start}
      data-length={row.length}
      data-state={row.state}
      data-owner={row.owner}
      data-marks={row.marks.join(' ')}
      data-host={details?.hostOffset}
      onClick={onSelect}
    >
      <td role="gridcell">
        <Offset at={row.start} />
      </td>
      <td role="gridcell">
        <Offset at={row.start + row.length} />
      </td>
      <td role="gridcell">
        {row.isCut && <span title="The extent goes on outside of what is in view">at least </span>}
        <Size bytes={row.length} />
      </td>
      <td role="gridcell">{row.label}</td>
      <td role="gridcell" title={marks}>
        {marks}
      </td>
      {hasFinding && (
        <td role="gridcell" title={finding}>
          {finding}
        </td>
      )}
      {hasOwner && (
        <td role="gridcell">
          <Untrusted text={row.owner} max={40} />
        </td>
      )}
      <td role="gridcell">
        {details !== undefined && details.hostOffset >= 0 && <Offset at={details.hostOffset} />}
      </td>
    </tr>
  );
}
