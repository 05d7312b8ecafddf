/**
 * The work behind the window's calls, which is loaded when it is first asked for: an empty window needs none of it, and the
 * window is made before the code that fills it is compiled.
 */
import type { scanStore as ScanStore } from '../chain/store/scan-store.ts';
import type { openChain as OpenChain } from '../service/chain-session.ts';
import type { listNbdExports as ListNbdExports } from '../service/nbd/nbd-exports.ts';
import type { planWithPicture as PlanWithPicture } from '../service/plan/plan-target.ts';
import type { diagnostics as Diagnostics } from './diagnostics.ts';

/** As `openChain` of service/chain-session.ts. */
export const openChain: typeof OpenChain = async (...args) =>
  (await import('../service/chain-session.ts')).openChain(...args);

/** Starts the thread for a chain that is to be opened at once. */
export async function startEngineThread(): Promise<void> {
  (await import('../engine/worker/prestarted-worker.ts')).startWorkerForNext();
}

/** As `prepareToOpen` of service/chain-session.ts. */
export async function prepareToOpen(): Promise<void> {
  (await import('../service/chain-session.ts')).prepareToOpen();
}

/** As `listNbdExports` of service/nbd/nbd-exports.ts. */
export const listNbdExports: typeof ListNbdExports = async (...args) =>
  (await import('../service/nbd/nbd-exports.ts')).listNbdExports(...args);

/** As `scanStore` of chain/store/scan-store.ts. */
export const scanStore: typeof ScanStore = async (...args) =>
  (await import('../chain/store/scan-store.ts')).scanStore(...args);

/** As `planWithPicture` of service/plan/plan-target.ts. */
export const planWithPicture: typeof PlanWithPicture = async (...args) =>
  (await import('../service/plan/plan-target.ts')).planWithPicture(...args);

/** As `diagnostics` of diagnostics.ts. */
export const diagnostics: typeof Diagnostics = async (...args) =>
  (await import('./diagnostics.ts')).diagnostics(...args);
