import { presentBits } from '../../shared/extent/columns.ts';
import { stateOf } from '../../shared/extent/flags.ts';
import type { InspectedLayer, Inspection, OpenedChain } from '../../shared/ipc/contract.ts';
import { LEGEND, marksIn } from '../state/legend-keys.ts';
import { select } from '../state/selection.ts';
import { useStore } from '../state/store.ts';
import { ownerTrack } from '../state/tracks.ts';
import { InspectorSection } from './inspector-section.tsx';
import { StateSwatch } from './state-swatch.tsx';
import { Untrusted } from './text.tsx';

/** Every layer at the selected offset, top first; the one that is read is marked. */
export function InspectorStack({
  inspection,
  chain,
}: {
  readonly inspection: Inspection;
  readonly chain: OpenedChain;
}) {
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
              onClick={() => void select({ track: layer.track, offset: inspection.offset })}
            >
              {chain.tracks[layer.track]?.kind === 'layer' && <span className="number">{layer.layer}</span>}
              <span className="stack-text">
                <strong>
                  <Untrusted text={chain.tracks[layer.track]?.title ?? layer.title} />
                </strong>
                <small>
                  <StateSwatch of={stateOf(layer.word)} />
                  {roleOf(layer)}
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

function roleOf({ word }: InspectedLayer): string {
  return [LEGEND[stateOf(word)].name, ...marksIn(presentBits(word)).map(mark => LEGEND[mark].name)].join(
    ' · ',
  );
}
