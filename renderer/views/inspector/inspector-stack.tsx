import { useState } from 'react';
import { presentBits } from '../../../shared/extent/columns.ts';
import { stateOf } from '../../../shared/extent/flags.ts';
import { type Legend, legendOf, marksIn } from '../../../shared/legend.ts';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import type { InspectedLayer, Inspection } from '../../../shared/model/inspection.ts';
import { ownerTrack } from '../../../shared/model/tracks.ts';
import { selectAt } from '../../state/selection/selection.ts';
import { useStore } from '../../state/store.ts';
import { InspectorSection } from '../../ui/inspector-section.tsx';
import { alikeRuns } from '../../ui/list/alike-runs.ts';
import { StateSwatch } from '../../ui/state-swatch.tsx';
import { Untrusted } from '../../ui/text.tsx';

interface InspectorStackProps {
  readonly inspection: Inspection;
  readonly chain: OpenedChain;
}

/** Every layer at the selected offset, top first; the one that is read is marked. Layers that are alike share a row. */
export function InspectorStack({ inspection, chain }: InspectorStackProps) {
  const owner = ownerTrack(chain, inspection.owner)?.id;
  const selected = useStore(state => state.selection?.track);
  const isAlone = ({ track }: InspectedLayer) => track === owner || track === selected;
  const runs = alikeRuns(inspection.layers, isAlone, readAlike);
  return (
    <InspectorSection title="Stack">
      <ol className="stack">
        {runs.map(run => {
          const [first] = run;
          if (first === undefined) return null;
          const rows = run.map(layer => (
            <StackRow
              key={layer.track}
              layer={layer}
              chain={chain}
              offset={inspection.offset}
              isOwner={layer.track === owner}
              isSelected={layer.track === selected}
            />
          ));
          return run.length === 1 ? rows : <StackRun key={first.track} run={run} chain={chain} rows={rows} />;
        })}
      </ol>
    </InspectorSection>
  );
}

interface StackRunProps {
  readonly run: readonly InspectedLayer[];
  readonly chain: OpenedChain;
  readonly rows: React.ReactNode;
}

/** Several layers, one below the other, that are alike here: a click shows each. */
function StackRun({ run, chain, rows }: StackRunProps) {
  const [isOpen, setOpen] = useState(false);
  const [first, last] = [run[0], run.at(-1)];
  if (isOpen || first === undefined || last === undefined) return rows;
  return (
    <li>
      <button type="button" aria-expanded={false} onClick={() => setOpen(true)}>
        <span className="stack-text">
          <strong>{run.length} layers</strong>
          <small>
            <StateSwatch of={stateOf(first.word)} />
            {roleOf(first, legendOf(chain))}
          </small>
        </span>
        <span className="hint">
          {first.layer} to {last.layer}
        </span>
      </button>
    </li>
  );
}

interface StackRowProps {
  readonly layer: InspectedLayer;
  readonly chain: OpenedChain;
  readonly offset: number;
  readonly isOwner: boolean;
  readonly isSelected: boolean;
}

function StackRow({ layer, chain, offset, isOwner, isSelected }: StackRowProps) {
  const track = chain.tracks[layer.track];
  return (
    <li data-owner={isOwner}>
      <button
        type="button"
        aria-current={isSelected}
        onClick={() => void selectAt({ track: layer.track, offset })}
      >
        {track?.kind === 'layer' && <span className="number">{layer.layer}</span>}
        <span className="stack-text">
          <strong>
            <Untrusted text={track?.title ?? layer.title} />
          </strong>
          <small>
            <StateSwatch of={stateOf(layer.word)} />
            {roleOf(layer, legendOf(chain))}
          </small>
        </span>
        {isOwner && <span className="owner-tag">read</span>}
      </button>
    </li>
  );
}

/** The same state with the same marks. */
function readAlike({ word: one }: InspectedLayer, { word: other }: InspectedLayer): boolean {
  return stateOf(one) === stateOf(other) && presentBits(one) === presentBits(other);
}

function roleOf({ word }: InspectedLayer, legend: Legend): string {
  return [legend[stateOf(word)].label, ...marksIn(presentBits(word)).map(mark => legend[mark].label)].join(
    ' · ',
  );
}
