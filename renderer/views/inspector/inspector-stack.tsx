import { presentBits } from '../../../shared/extent/columns.ts';
import { stateOf } from '../../../shared/extent/flags.ts';
import { type Legend, legendOf, marksIn } from '../../../shared/legend.ts';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import type { InspectedLayer, Inspection } from '../../../shared/model/inspection.ts';
import { ownerTrack } from '../../../shared/model/tracks.ts';
import { selectAt } from '../../state/selection/selection.ts';
import { useStore } from '../../state/store.ts';
import { InspectorSection } from '../../ui/inspector-section.tsx';
import { StateSwatch } from '../../ui/state-swatch.tsx';
import { Untrusted } from '../../ui/text.tsx';

/** Every layer at the selected offset, top first; the one that is read is marked. */
export function InspectorStack({
  inspection,
  chain,
}: {
  readonly inspection: Inspection;
  readonly chain: OpenedChain;
}) {
  const legend = legendOf(chain);
  const owner = ownerTrack(chain, inspection.owner)?.id;
  const selected = useStore(state => state.selection?.track);
  return (
    <InspectorSection title="Stack">
      <ol className="stack">
        {inspection.layers.map(layer => (
          <li key={layer.track} data-owner={layer.track === owner}>
            <button
              type="button"
              aria-current={selected === layer.track}
              onClick={() => void selectAt({ track: layer.track, offset: inspection.offset })}
            >
              {chain.tracks[layer.track]?.kind === 'layer' && <span className="number">{layer.layer}</span>}
              <span className="stack-text">
                <strong>
                  <Untrusted text={chain.tracks[layer.track]?.title ?? layer.title} />
                </strong>
                <small>
                  <StateSwatch of={stateOf(layer.word)} />
                  {roleOf(layer, legend)}
                </small>
              </span>
              {layer.track === owner && <span className="owner-tag">read</span>}
            </button>
          </li>
        ))}
      </ol>
    </InspectorSection>
  );
}

function roleOf({ word }: InspectedLayer, legend: Legend): string {
  return [legend[stateOf(word)].label, ...marksIn(presentBits(word)).map(mark => legend[mark].label)].join(
    ' · ',
  );
}
