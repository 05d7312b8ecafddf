import { presentBits } from '../../../shared/extent/columns.ts';
import { stateOf } from '../../../shared/extent/flags.ts';
import { legendOf, legendOn, marksIn } from '../../../shared/legend.ts';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import type { Inspection } from '../../../shared/model/inspection.ts';
import { asSentence } from '../../../shared/text/finding-text.ts';
import { inferredText } from '../../../shared/text/inference-text.ts';
import { StateSwatch } from '../../ui/state-swatch.tsx';
import { Untrusted } from '../../ui/text.tsx';

interface InspectorWhatProps {
  readonly inspection: Inspection;
  readonly track: number;
  readonly chain: OpenedChain;
}

/** The state, in a badge, and the one sentence that explains what is read and why. */
export function InspectorWhat({ inspection, track, chain }: InspectorWhatProps) {
  const layer = inspection.layers.find(candidate => candidate.track === track);
  const word = layer?.word ?? inspection.word;
  const state = stateOf(word);
  const shown = chain.tracks[track];
  const legend = shown === undefined ? legendOf(chain) : legendOn(shown, chain);
  const marks = marksIn(presentBits(word));
  // What the guest reads passes every layer above the one that decides.
  const { layers } = chain.chain;
  const inferred = inferredText(
    layer === undefined
      ? layers.slice(Math.max(0, inspection.owner))
      : layers.slice(layer.layer, layer.layer + 1),
  );
  return (
    <section className="inspector-what" aria-label="What">
      {layer !== undefined && <GuestReads inspection={inspection} />}
      <p className="eyebrow">
        {layer === undefined ? 'The guest reads' : <Untrusted text={shown?.title ?? layer.title} />}
      </p>
      <h2>
        <StateSwatch of={state} />
        <span>{legend[state].label}</span>
      </h2>
      {marks.length > 0 && (
        <ul className="mark-list">
          {marks.map(mark => (
            <li key={mark} data-mark={mark} title={legend[mark].meaning}>
              <StateSwatch of={mark} />
              {legend[mark].label}
            </li>
          ))}
        </ul>
      )}
      {inferred !== '' && (
        <p className="sentence" data-alarming="true">
          <Untrusted text={asSentence(inferred)} max={400} />
        </p>
      )}
      {layer === undefined ? (
        <GuestSentence inspection={inspection} />
      ) : (
        <p className="meaning">{legend[state].meaning}</p>
      )}
    </section>
  );
}

/** What the guest reads comes first also on the track of a layer: it is what the layer is looked at for. */
function GuestReads({ inspection }: { readonly inspection: Inspection }) {
  return (
    <div className="guest-reads">
      <p className="eyebrow">What the guest reads</p>
      <GuestSentence inspection={inspection} />
    </div>
  );
}

function GuestSentence({ inspection }: { readonly inspection: Inspection }) {
  return (
    <p className="sentence" data-alarming={stateOf(inspection.word) === 'unreadable'}>
      <Untrusted text={inspection.sentence} max={1000} />
    </p>
  );
}
