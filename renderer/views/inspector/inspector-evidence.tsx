import type { Inspection } from '../../../shared/model/inspection.ts';
import { InspectorSection } from '../../ui/inspector-section.tsx';
import { Untrusted } from '../../ui/text.tsx';

/** The source of each fact, layer by layer. */
export function InspectorEvidence({ inspection }: { readonly inspection: Inspection }) {
  const layers = inspection.layers.filter(layer => layer.evidence.length > 0);
  if (layers.length === 0) return null;
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
                {value !== '' && (
                  <code>
                    <Untrusted text={value} max={300} />
                  </code>
                )}
              </li>
            ))}
          </ul>
        </div>
      ))}
    </InspectorSection>
  );
}
