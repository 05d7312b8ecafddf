import type { OpenedChain } from '../../../shared/model/chain.ts';
import type { Inspection } from '../../../shared/model/inspection.ts';
import { partitionTextAt } from '../../../shared/text/guest/partition-text.ts';
import { formatCount, formatOffset, formatSize } from '../../../shared/text/offset.ts';
import { showInHostLayout } from '../../state/host/host-layout.ts';
import { plainHex } from '../../state/selection/copy-forms.ts';
import { copyText } from '../../state/selection/track-actions.ts';
import { useStore } from '../../state/store.ts';
import { Icon } from '../../ui/icon.tsx';
import { InspectorSection } from '../../ui/inspector-section.tsx';
import { Untrusted } from '../../ui/text.tsx';

interface InspectorWhereProps {
  readonly inspection: Inspection;
  readonly track: number;
  readonly chain: OpenedChain;
}

/** Where the selected extent lies: on the guest's axis, in the tables, in the file. Every value can be copied. */
export function InspectorWhere({ inspection, track, chain }: InspectorWhereProps) {
  const layer = inspection.layers.find(candidate => candidate.track === track);
  const { start, end, isStartCut, isEndCut } = layer ?? inspection;
  const atLeast = isStartCut || isEndCut ? 'at least ' : '';
  // On the guest's track the tables and the file are those of the layer that is read.
  const read = layer ?? inspection.layers.find(candidate => candidate.layer === inspection.owner);
  const cluster =
    read !== undefined && read.clusterSize > 1 ? Math.floor(inspection.offset / read.clusterSize) : -1;
  const partition = useStore(({ partitions }) =>
    partitions.phase === 'read' ? partitionTextAt(partitions.disk, inspection.offset) : '',
  );
  return (
    <InspectorSection title="Where">
      <dl className="facts">
        <DefinitionRow
          name="Offset"
          value={formatOffset(inspection.offset)}
          copy={plainHex(inspection.offset)}
        />
        <DefinitionRow
          name="Extent"
          value={`${isStartCut ? 'at or below ' : ''}${formatOffset(start)}`}
          copy={plainHex(start)}
        />
        <DefinitionRow
          name="End"
          value={`${isEndCut ? 'at or past ' : ''}${formatOffset(end)}`}
          copy={plainHex(end)}
        />
        <DefinitionRow
          name="Length"
          value={`${atLeast}${formatSize(end - start)}`}
          copy={String(end - start)}
        />
        {partition !== '' && (
          <div>
            <dt>Partition</dt>
            <dd>{partition}</dd>
          </div>
        )}
        {cluster >= 0 && <DefinitionRow name="Cluster" value={formatCount(cluster)} copy={String(cluster)} />}
        {read !== undefined && read.l1Index >= 0 && (
          <DefinitionRow name="Table entry" value={`L1[${read.l1Index}] L2[${read.l2Index}]`} />
        )}
        {read !== undefined && read.hostOffset >= 0 && (
          <>
            <DefinitionRow
              name="In the file at"
              value={formatOffset(read.hostOffset)}
              copy={plainHex(read.hostOffset)}
            />
            <div>
              <dt>File</dt>
              <dd>
                <Untrusted text={fileOf(chain, read.layer)} />
              </dd>
            </div>
          </>
        )}
      </dl>
      {read !== undefined &&
        read.hostOffset >= 0 &&
        chain.chain.layers[read.layer]?.dataFile === undefined && (
          <button
            type="button"
            className="quiet"
            onClick={() => void showInHostLayout(read.layer, read.hostOffset)}
          >
            Show in host layout
          </button>
        )}
    </InspectorSection>
  );
}

/** The file that holds the data of a layer: its external data file where it has one. */
function fileOf({ chain }: OpenedChain, index: number): string {
  const layer = chain.layers[index];
  const data = layer?.qcow2?.dataFile ?? '';
  return data === '' ? (layer?.name ?? '') : `${data.replace(/^.*\//, '')} (data file)`;
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
