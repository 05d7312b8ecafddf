import type { Inspection } from '../../../shared/model/inspection.ts';
import { formatOffset } from '../../../shared/text/offset.ts';
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
                <span>{grouped(fact)}</span>
                <small>{source}</small>
                {value !== '' && !fact.includes(value) && (
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

/** Offsets in a fact as they are written everywhere else: `0x0013_b1c0`. */
function grouped(fact: string): string {
  return fact.replace(/0x[0-9a-f]{5,13}\b/g, offset => formatOffset(Number(offset)));
}
