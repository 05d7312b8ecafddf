import { useState } from 'react';
import type { InspectedLayer, Inspection } from '../../../shared/model/inspection.ts';
import { formatRawValue } from '../../../shared/text/offset.ts';
import { InspectorSection } from '../../ui/inspector-section.tsx';
import { Untrusted } from '../../ui/text.tsx';

/** Layers whose evidence is shown at first. */
const FIRST_LAYERS = 3;

/** The source of each fact, layer by layer: that of the layer that is read first, and of many layers a few at first. */
export function InspectorEvidence({ inspection }: { readonly inspection: Inspection }) {
  const [areAllShown, setAllShown] = useState(false);
  const known = inspection.layers.filter(layer => layer.evidence.length > 0);
  if (known.length === 0) return null;
  const isRead = ({ layer }: InspectedLayer) => layer === inspection.owner;
  const sorted = [...known.filter(isRead), ...known.filter(layer => !isRead(layer))];
  const layers = areAllShown ? sorted : sorted.slice(0, FIRST_LAYERS);
  const left = sorted.length - layers.length;
  return (
    <InspectorSection title="Evidence">
      {layers.map(layer => (
        <div className="evidence" key={layer.track}>
          <h3>
            <Untrusted text={layer.title} />
          </h3>
          <ul>
            {layer.evidence.map(({ fact, source, value }) => (
              <li key={`${fact} ${source}`}>
                <span>{fact}</span>
                <small>{source}</small>
                {value !== '' && !fact.includes(formatRawValue(value)) && (
                  <code>
                    <Untrusted text={formatRawValue(value)} max={300} />
                  </code>
                )}
              </li>
            ))}
          </ul>
        </div>
      ))}
      {left > 0 && (
        <button type="button" className="quiet" onClick={() => setAllShown(true)}>
          Show {left} more {left === 1 ? 'layer' : 'layers'}
        </button>
      )}
    </InspectorSection>
  );
}
