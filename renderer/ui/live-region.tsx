import { escapeUntrusted } from '../../shared/text/untrusted-text.ts';
import { useStore } from '../state/store.ts';

/** The one polite live region. It announces what was selected, opened or copied, never a mere move of the view. */
export function LiveRegion() {
  const announcement = useStore(state => state.announcement);
  return (
    <div className="visually-hidden" role="status" aria-live="polite">
      {escapeUntrusted(announcement, 500)}
    </div>
  );
}
