import type { Inspection } from '../../../shared/model/inspection.ts';
import { formatCount, formatOffset, formatSize } from '../../../shared/text/offset.ts';
import { copyText } from '../../state/selection/track-actions.ts';
import { Icon } from '../../ui/icon.tsx';
import { InspectorSection } from '../../ui/inspector-section.tsx';

interface InspectorWhereProps {
  readonly inspection: Inspection;
  readonly track: number;
}

/** Where the selected extent lies: on the guest's axis, in the tables, in the file. Every value can be copied. */
export function InspectorWhere({ inspection, track }: InspectorWhereProps) {
  const layer = inspection.layers.find(candidate => candidate.track === track);
  const { start, end, isStartCut, isEndCut } = layer ?? inspection;
  const atLeast = isStartCut || isEndCut ? 'at least ' : '';
  const cluster =
    layer !== undefined && layer.clusterSize > 1 ? Math.floor(inspection.offset / layer.clusterSize) : -1;
  return (
    <InspectorSection title="Where">
      <dl className="facts">
        <DefinitionRow name="Offset" value={formatOffset(inspection.offset)} />
        <DefinitionRow
          name="Extent"
          value={`${isStartCut ? 'at or below ' : ''}${formatOffset(start)}`}
          copy={formatOffset(start)}
        />
        <DefinitionRow
          name="End"
          value={`${isEndCut ? 'at or past ' : ''}${formatOffset(end)}`}
          copy={formatOffset(end)}
        />
        <DefinitionRow
          name="Length"
          value={`${atLeast}${formatSize(end - start)}`}
          copy={String(end - start)}
        />
        {cluster >= 0 && <DefinitionRow name="Cluster" value={formatCount(cluster)} copy={String(cluster)} />}
        {layer !== undefined && layer.l1Index >= 0 && (
          <DefinitionRow name="Table entry" value={`L1[${layer.l1Index}] L2[${layer.l2Index}]`} />
        )}
        {layer !== undefined && layer.hostOffset >= 0 && (
          <DefinitionRow name="In the file at" value={formatOffset(layer.hostOffset)} />
        )}
      </dl>
    </InspectorSection>
  );
}

function DefinitionRow({
  name,
  value,
  copy = value,
}: {
  readonly name: string;
  readonly value: string;
  readonly copy?: string;
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd
        className="mono"
        title={Number.isNaN(Number(copy)) || copy === value ? undefined : formatCount(Number(copy))}
      >
        {value}
        <button
          type="button"
          className="copy"
          aria-label={`Copy ${name.toLowerCase()}`}
          onClick={() => void copyText(copy)}
        >
          <Icon name="copy" />
        </button>
      </dd>
    </div>
  );
}
