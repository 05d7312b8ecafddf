/** The folders that the window looks at: one scan at a time, kept here and given page by page. */
import { CowscopeError } from '../../../shared/error.ts';
import type { CallName } from '../../../shared/ipc/contract.ts';
import { FINDING_SEVERITIES, type FindingSeverity, NO_FINDINGS } from '../../../shared/model/finding.ts';
import { MAX_LAYERS } from '../../../shared/model/layer.ts';
import { arrange, imageAt, type Store, type StoreImage } from '../../../shared/model/store/store.ts';
import type { StoreImageInfo, StoreSummary } from '../../../shared/model/store/store-page.ts';
import { type StoreRow, storeRows } from '../../../shared/model/store/store-rows.ts';
import { NewestRun } from '../../../shared/newest-run.ts';
import type { ScanRequest } from '../../chain/store/scan-folders.ts';
import type { CallHandler } from './answer.ts';

/** The calls that are about folders. */
type StoreCall = Extract<CallName, `store:${string}`>;

/** A scan that ended. */
interface OpenedStore {
  readonly storeId: number;
  readonly store: Store;
  readonly rows: readonly StoreRow[];
  /** The worst severity by image. */
  readonly worst: ReadonlyMap<number, FindingSeverity>;
}

/** Answers the window's calls about folders. */
export class StoreController {
  readonly #scan: (request: ScanRequest) => Promise<Store>;
  readonly #scans = new NewestRun();
  #current: OpenedStore | undefined;
  #lastId = 0;

  constructor(scan: (request: ScanRequest) => Promise<Store>) {
    this.#scan = scan;
  }

  readonly handlers: { readonly [C in StoreCall]: CallHandler<C> } = {
    'store:open': ({ folders }) => this.#open(folders),
    'store:close': () => {
      this.close();
      return null;
    },
    'store:rows': ({ storeId, first, count }) => {
      const { store, rows, worst } = this.#find(storeId);
      return rows.slice(first, first + count).map(row => {
        if (row.kind !== 'image') return { row };
        const image = store.images[row.image];
        const severity = worst.get(row.image);
        return {
          row,
          ...(image === undefined ? {} : { image: infoOf(image) }),
          ...(severity === undefined ? {} : { worst: severity }),
        };
      });
    },
    'store:findings': ({ storeId, skip, most }) => {
      const { images, findings } = this.#find(storeId).store;
      return {
        findings: findings
          .slice(skip, skip + most)
          .map(finding => ({ finding, path: images[finding.layer]?.path ?? '' })),
        total: findings.length,
      };
    },
    'store:arrange': async ({ files }) => {
      const store = await this.#scan({ roots: files });
      const indexes = files.map(file => imageAt(store, file));
      return { images: store.images.map(infoOf), indexes, ...arrange(store, MAX_LAYERS) };
    },
  };

  /** The folders that were scanned last, none while none are open. */
  get roots(): readonly string[] {
    return this.#current?.store.roots ?? [];
  }

  /** Ends a scan under way and forgets the last one. */
  close(): void {
    this.#scans.end();
    this.#current = undefined;
  }

  async #open(folders: readonly string[]): Promise<StoreSummary> {
    const abort = new AbortController();
    const isNewest = this.#scans.begin(() => abort.abort(superseded()));
    const store = await this.#scan({ roots: folders, signal: abort.signal });
    if (!isNewest()) throw superseded();
    const storeId = ++this.#lastId;
    const rows = [...storeRows(store)];
    this.#current = { storeId, store, rows, worst: worstOf(store) };
    const { roots, images, coverage } = store;
    return {
      storeId,
      roots,
      images: images.length,
      rows: rows.length,
      findings: summaryOf(store),
      // The window lists no more of them than this.
      coverage: { ...coverage, errors: coverage.errors.slice(0, MAX_ERRORS) },
    };
  }

  /** Throws IPC_NO_SESSION for a scan that is not kept any more. */
  #find(storeId: number): OpenedStore {
    if (this.#current?.storeId === storeId) return this.#current;
    throw new CowscopeError({
      code: 'IPC_NO_SESSION',
      what: 'These folders are not open any more',
      subject: '',
      advice: 'open them again',
    });
  }
}

/** Most errors that the window gets. */
const MAX_ERRORS = 20;

function infoOf({ children, aliases: _, ...image }: StoreImage): StoreImageInfo {
  return { ...image, childCount: children.length };
}

function worstOf({ findings }: Store): Map<number, FindingSeverity> {
  const worst = new Map<number, FindingSeverity>();
  // Ranked: the first of each image is the worst.
  for (const { layer, severity } of findings) if (!worst.has(layer)) worst.set(layer, severity);
  return worst;
}

function summaryOf({ findings }: Store): StoreSummary['findings'] {
  const severities = { ...NO_FINDINGS.severities };
  for (const severity of FINDING_SEVERITIES)
    severities[severity] = findings.filter(finding => finding.severity === severity).length;
  return { total: findings.length, severities };
}

function superseded(): CowscopeError {
  return new CowscopeError({
    code: 'IPC_SUPERSEDED',
    what: 'Other folders were opened before these were read',
    subject: '',
    advice: '',
  });
}
