import { chooseAndOpen, openTarget } from '../../state/chain/opening.ts';
import { chooseFolders, closeFolders } from '../../state/folders.ts';
import { setState, useStore } from '../../state/store.ts';
import { Icon } from '../../ui/icon.tsx';
import { LastError } from '../../ui/last-error.tsx';
import { StateNotices } from '../../ui/notices/state-notices.tsx';
import { OpeningNote } from '../../ui/opening-note.tsx';
import { ChainPicture } from './chain-picture.tsx';
import { RecentList } from './recent-list.tsx';

/** What is shown before anything is open. */
export function StartScreen() {
  const app = useStore(state => state.app);
  const opening = useStore(state => state.opening);
  const openingFolders = useStore(state => state.openingFolders);
  const samples = app?.samples ?? [];
  const recent = app?.recent ?? [];
  return (
    <main className="empty" data-recent={recent.length > 0}>
      <div className="empty-inner">
        <section className="drop-card" aria-labelledby="empty-title">
          <ChainPicture />
          <h1 id="empty-title">Drop disk images here</h1>
          <p className="lead">See what every layer of a backing chain holds, and what it hides below.</p>
          <div className="empty-actions">
            <button
              type="button"
              className="primary"
              disabled={opening !== undefined}
              onClick={() => void chooseAndOpen()}
            >
              Open image…
            </button>
            <button
              type="button"
              disabled={openingFolders !== undefined}
              onClick={() => void chooseFolders()}
            >
              Open folder…
            </button>
            <button type="button" onClick={() => setState({ dialog: { kind: 'connect', uri: '' } })}>
              Connect to NBD…
            </button>
          </div>
          <p className="safe">
            <Icon name="lock" /> Nothing is ever written. Images are opened read-only.
          </p>
          <OpeningNote />
          {openingFolders !== undefined && (
            <p className="opening" role="status">
              Opening…
              <button type="button" className="quiet" onClick={closeFolders}>
                Cancel
              </button>
            </p>
          )}
        </section>
        {recent.length > 0 && <RecentList recent={recent} />}
        <StateNotices />
        <LastError />
        {samples.length > 0 && (
          <nav className="samples" aria-label="Samples">
            <span>Try a sample</span>
            {samples.map(({ name, files }) => (
              <button
                key={name}
                type="button"
                className="chip"
                onClick={() => void openTarget({ kind: 'files', files })}
              >
                {name}
              </button>
            ))}
          </nav>
        )}
      </div>
      <footer className="empty-footer">
        <span>cowscope {app?.version}</span>
        <span>
          Press <kbd>?</kbd> for keys
        </span>
      </footer>
    </main>
  );
}
