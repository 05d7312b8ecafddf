import { useStore } from '../../../state/store.ts';

/** A thin bar along the header while a layer is being read. */
export function LayerProgressBar({ layer }: { readonly layer: number }) {
  const reading = useStore(state => state.progress.find(p => p.layer === layer && p.phase === 'reading'));
  if (reading === undefined) return null;
  const share = reading.total === 0 ? 0 : reading.covered / reading.total;
  return (
    <progress
      className="layer-progress"
      value={share}
      max={1}
      aria-label={`Reading, ${reading.witness} witness`}
    />
  );
}
