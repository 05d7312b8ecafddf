import { HOST_KINDS } from '../../../shared/model/layout.ts';
import { HOST_KIND_MEANINGS, HOST_KIND_NAMES } from '../../../shared/text/host-kinds.ts';
import { highlightKind } from '../../state/host/host-layout.ts';
import { useStore } from '../../state/store.ts';
import { KindSwatch } from './kind-swatch.tsx';

/** What occurs in the file that is shown, in one row; each entry toggles its highlight. Nothing without a layout. */
export function HostLegend() {
  const { map, highlighted } = useStore(state => state.host);
  if (map.phase !== 'mapped') return null;
  const present = HOST_KINDS.filter(kind => map.layout.sums[kind] > 0);
  return (
    <section className="legend" aria-label="Legend: highlights what is pressed">
      {present.map(kind => (
        <button
          key={kind}
          type="button"
          aria-pressed={highlighted.has(kind)}
          title={HOST_KIND_MEANINGS[kind]}
          onClick={() => highlightKind(kind)}
        >
          <KindSwatch kind={kind} />
          {HOST_KIND_NAMES[kind]}
        </button>
      ))}
    </section>
  );
}
