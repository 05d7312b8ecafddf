import { FINDING_SEVERITIES } from '../../../shared/model/finding.ts';
import type { StoreSummary } from '../../../shared/model/store/store-page.ts';
import { formatCount } from '../../../shared/text/offset.ts';
import { chooseFolders, closeFolders } from '../../state/folders.ts';
import { useStore } from '../../state/store.ts';
import { Icon } from '../../ui/icon.tsx';
import { LastError } from '../../ui/last-error.tsx';
import { Untrusted } from '../../ui/text.tsx';
import { StoreFindings } from './store-findings.tsx';
import { StoreTree } from './store-tree.tsx';

/** The images of folders: which of them rest on which, and what is wrong with that. */
export function StoreScreen({ folders }: { readonly folders: StoreSummary }) {
  const isOpening = useStore(state => state.openingFolders !== undefined);
  return (
    <main className="store">
      <header className="store-header">
        <button type="button" className="tool" aria-label="Back to the start" onClick={closeFolders}>
          <Icon name="back" />
        </button>
        <div className="store-title">
          <h1>
            <Untrusted text={folders.roots.join(' · ')} />
          </h1>
          <p>{summaryText(folders)}</p>
        </div>
        <button type="button" disabled={isOpening} onClick={() => void chooseFolders()}>
          Open folder…
        </button>
      </header>
      <LastError />
      <div className="store-body" key={folders.storeId}>
        <StoreTree folders={folders} />
        {folders.findings.total > 0 && <StoreFindings folders={folders} />}
      </div>
    </main>
  );
}

function summaryText({ images, coverage, findings }: StoreSummary): string {
  const sums = FINDING_SEVERITIES.filter(severity => findings.severities[severity] > 0).map(severity =>
    counted(findings.severities[severity], severity),
  );
  const parts = [
    `${counted(images, 'image')} in ${counted(coverage.folders, 'folder')}`,
    ...(sums.length > 0 ? [sums.join(', ')] : ['nothing found']),
    ...(coverage.otherFiles > 0 ? [counted(coverage.otherFiles, 'other file')] : []),
    ...(coverage.errorCount > 0 ? [`${formatCount(coverage.errorCount)} could not be read`] : []),
    ...(coverage.complete ? [] : ['there is more: the scan ended at its limit']),
  ];
  return parts.join(' · ');
}

function counted(count: number, one: string): string {
  return `${formatCount(count)} ${one}${count === 1 ? '' : 's'}`;
}
