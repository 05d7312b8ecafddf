/** What can be learned of the window's process: its frames and its memory. */
import { readFileSync } from 'node:fs';
import type { CDPSession, ElectronApplication, Page } from '@playwright/test';

/** Memory and listeners of the page after a forced collection. */
export interface WindowState {
  readonly heapUsed: number;
  /** -1 where this version of Electron cannot tell. */
  readonly arrayBuffers: number;
  /** Private resident memory of the window's process, including array buffers. */
  readonly resident: number;
  readonly listeners: number;
  readonly nodes: number;
}

/** Records every frame from now on. */
export async function installWindowProbe(page: Page): Promise<void> {
  await page.evaluate(() => {
    const gaps: number[] = [];
    let last = performance.now();
    const frame = () => {
      const now = performance.now();
      gaps.push(now - last);
      last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    Object.assign(window, { soakFrames: gaps });
  });
}

/** Milliseconds between the frames since the last call. */
export function takeFrames(page: Page): Promise<readonly number[]> {
  return page.evaluate(() => (window as unknown as { soakFrames: number[] }).soakFrames.splice(0));
}

/** What the page holds after a forced collection. */
export async function windowState(app: ElectronApplication, page: Page): Promise<WindowState> {
  const inspector = await page.context().newCDPSession(page);
  try {
    await inspector.send('HeapProfiler.collectGarbage');
    await inspector.send('HeapProfiler.collectGarbage');
    await inspector.send('Performance.enable');
    const { metrics } = await inspector.send('Performance.getMetrics');
    const metric = (name: string) => metrics.find(found => found.name === name)?.value ?? -1;
    await inspector.send('Performance.disable');
    return {
      heapUsed: metric('JSHeapUsedSize'),
      arrayBuffers: await arrayBuffersOf(inspector),
      resident: await residentOf(app),
      listeners: metric('JSEventListeners'),
      nodes: metric('Nodes'),
    };
  } finally {
    await inspector.detach();
  }
}

async function residentOf(app: ElectronApplication): Promise<number> {
  const pid = await app.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows()[0]?.webContents.getOSProcessId(),
  );
  const [, kib = '0'] = /^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) * 1024;
}

/** Bytes behind the array buffers of the page. */
async function arrayBuffersOf(inspector: CDPSession): Promise<number> {
  const usage: { backingStorageSize?: number } = await inspector.send('Runtime.getHeapUsage');
  return usage.backingStorageSize ?? -1;
}

/** The value that a share of a sorted list stays below. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
