import type { RecentTarget } from '../../../shared/model/target.ts';
import { clearRecent, openTarget } from '../../state/chain/opening.ts';
import { Icon } from '../../ui/icon.tsx';
import { Untrusted } from '../../ui/text.tsx';

/** What was opened before. */
export function RecentList({ recent }: { readonly recent: readonly RecentTarget[] }) {
  return (
    <section className="recent" aria-labelledby="recent-title">
      <header>
        <h2 id="recent-title">Recent</h2>
        <button type="button" className="quiet" onClick={() => void clearRecent()}>
          Clear
        </button>
      </header>
      <ol>
        {recent.map(entry => (
          <li key={JSON.stringify(entry.target)}>
            <button type="button" onClick={() => void openTarget(entry.target)}>
              <Icon name={entry.target.kind === 'nbd' ? 'link' : 'open'} />
              <span className="recent-text">
                <strong>
                  <Untrusted text={entry.title} />
                </strong>
                {folderOf(entry) !== entry.title && (
                  <small>
                    <Untrusted text={folderOf(entry)} />
                  </small>
                )}
              </span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** The folder of the file that is opened, or the address. */
function folderOf({ target }: RecentTarget): string {
  if (target.kind === 'nbd') return target.uri;
  const path = target.files.at(-1) ?? '';
  const folder = path.replace(/[/\\][^/\\]*$/, '');
  return target.files.length > 1 ? `${folder} · ${target.files.length} files` : folder;
}
