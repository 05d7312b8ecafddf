import type { OpenTarget } from '../../shared/model/target.ts';
import { withoutSecrets } from '../../shared/text/nbd-uri.ts';
import { cancelOpening } from '../state/chain/opening.ts';
import { useStore } from '../state/store.ts';
import { Untrusted } from './text.tsx';

/** What is being opened, with a button that gives it up. Nothing while nothing is being opened. */
export function OpeningNote() {
  const opening = useStore(state => state.opening);
  if (opening === undefined) return null;
  return (
    <p className="opening" role="status" aria-label="Opening">
      Opening <Untrusted text={nameOf(opening)} max={60} />…
      <button type="button" className="quiet" onClick={cancelOpening}>
        Cancel
      </button>
    </p>
  );
}

/** The address, or the name of the topmost file. */
function nameOf(target: OpenTarget): string {
  if (target.kind === 'nbd') return withoutSecrets(target.uri);
  return target.files.at(-1)?.replace(/^.*[/\\]/, '') ?? '';
}
