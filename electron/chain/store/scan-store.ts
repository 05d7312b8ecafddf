/** The store: the images of some folders, which of them rest on which, and what is wrong with that. */
import type { Store } from '../../../shared/model/store/store.ts';
import { shownPath } from '../byte-path.ts';
import { PathInspector } from '../path-inspector.ts';
import { buildForest } from './forest.ts';
import { type ScanRequest, scanFolders } from './scan-folders.ts';
import { storeFindings } from './store-findings.ts';

/** Reads the headers of everything in the given folders. Rejects as {@link scanFolders} does. */
export async function scanStore(request: ScanRequest): Promise<Store> {
  const { roots, files, flat, found, coverage } = await scanFolders(request);
  const { entries, otherFiles } = await buildForest(found, [...roots, ...files], new PathInspector());
  const images = entries.map(({ image }) => image);
  return {
    roots: [...flat, ...roots].map(shownPath),
    images,
    findings: storeFindings(images),
    coverage: { ...coverage, otherFiles },
  };
}
