import { type LegendKey, legendOf } from '../../../shared/legend.ts';
import { isRemote, type OpenedChain } from '../../../shared/model/chain.ts';
import { requestDraw } from '../../canvas/frame.ts';
import { setState, toggled, useStore } from '../../state/store.ts';
import { usePresentKeys } from '../../ui/hooks/use-present-keys.ts';
import { StateSwatch } from '../../ui/state-swatch.tsx';

/** The states and marks that occur in this chain, in one row; each entry toggles its highlight. */
export function ChainLegend({ chain }: { readonly chain: OpenedChain }) {
  const highlighted = useStore(state => state.highlighted);
  const present = usePresentKeys();
  const legend = legendOf(chain);
  const toggle = (key: LegendKey) => {
    setState({ highlighted: toggled(highlighted, key) });
    requestDraw();
  };
  return (
    <section className="legend" aria-label="Legend: highlights what is pressed">
      {present.map(key => (
        <button
          key={key}
          type="button"
          aria-pressed={highlighted.has(key)}
          title={legend[key].meaning}
          onClick={() => toggle(key)}
        >
          <StateSwatch of={key} lettered />
          {legend[key].label}
        </button>
      ))}
      {highlighted.size > 0 && (
        <button type="button" className="quiet" onClick={() => setState({ highlighted: new Set() })}>
          Show all
        </button>
      )}
      {isRemote(chain) && <span className="hint">Over NBD it is not known what a hole hides.</span>}
    </section>
  );
}
