import { useRef, useState } from 'react';
import { isRemote } from '../../../shared/model/chain.ts';
import type { LayerInfo } from '../../../shared/model/layer.ts';
import type { RecentTarget } from '../../../shared/model/target.ts';
import {
  chooseAndCompare,
  closeComparison,
  compareLayers,
  compareWith,
} from '../../state/compare/comparison.ts';
import { useStore } from '../../state/store.ts';
import { useAxisArea } from '../../ui/hooks/use-axis-area.ts';
import { Untrusted } from '../../ui/text.tsx';
import type { ViewProps } from '../../ui/view.ts';

/** Chooses what to compare the open chain with: another image, or two of its layers. */
export function CompareStart({ chain, isOpening }: ViewProps & { readonly isOpening: boolean }) {
  const area = useRef<HTMLDivElement>(null);
  useAxisArea('compare', area);
  const recent = useStore(state => state.app?.recent);
  const target = useStore(state => state.target);
  const others = (recent ?? []).filter(entry => JSON.stringify(entry.target) !== JSON.stringify(target));
  const { layers } = chain.chain;
  return (
    <div className="compare-start" ref={area}>
      {isOpening ? (
        <section role="status">
          <h2>Opening…</h2>
          <button type="button" onClick={closeComparison}>
            Cancel
          </button>
        </section>
      ) : (
        <>
          <section>
            <h2>Compare with another disk</h2>
            <p>
              What the guest reads from <Untrusted text={layers.at(-1)?.name ?? ''} max={60} /> against what
              it reads from another image. First by what is stored: only tables are read. Nothing is written.
            </p>
            <button type="button" className="primary" onClick={() => void chooseAndCompare()}>
              Choose image…
            </button>
            <p className="hint">Or drop it here.</p>
            {others.length > 0 && <RecentTargets recent={others} />}
          </section>
          {layers.length > 1 && !isRemote(chain) && <LayerChoice layers={layers} />}
        </>
      )}
    </div>
  );
}

function RecentTargets({ recent }: { readonly recent: readonly RecentTarget[] }) {
  return (
    <>
      <h3>Recent</h3>
      <ul className="compare-recent">
        {recent.map(entry => (
          <li key={JSON.stringify(entry.target)}>
            <button type="button" onClick={() => void compareWith(entry.target)}>
              <Untrusted text={entry.title} max={60} />
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

/** Two layers of the chain, each with what lies below it. */
function LayerChoice({ layers }: { readonly layers: readonly LayerInfo[] }) {
  const top = layers.length - 1;
  const [a, setA] = useState(top - 1);
  const [b, setB] = useState(top);
  return (
    <section>
      <h2>Compare two layers of this chain</h2>
      <p>Each with what lies below it: what the layers between them changed.</p>
      <LayerSelect label="A" layers={layers} value={a} onChange={setA} />
      <LayerSelect label="B" layers={layers} value={b} onChange={setB} />
      <button type="button" disabled={a === b} onClick={() => void compareLayers(a, b)}>
        Compare layers
      </button>
    </section>
  );
}

interface LayerSelectProps {
  readonly label: string;
  readonly layers: readonly LayerInfo[];
  readonly value: number;
  readonly onChange: (layer: number) => void;
}

function LayerSelect({ label, layers, value, onChange }: LayerSelectProps) {
  return (
    <label className="compare-layer">
      {label}
      <select value={value} onChange={event => onChange(Number(event.target.value))}>
        {layers.toReversed().map(({ index, name }) => (
          <option key={index} value={index}>
            {index} · {name}
          </option>
        ))}
      </select>
    </label>
  );
}
