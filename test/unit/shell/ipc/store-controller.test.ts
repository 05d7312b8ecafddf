/** The window's calls about folders, over scans made up here. */
import { describe, expect, it } from 'vitest';
import { MAX_MESSAGE_BYTES, messageBytes } from '../../../../electron/shell/ipc/answer.ts';
import { StoreController } from '../../../../electron/shell/ipc/store-controller.ts';
import { makeFinding } from '../../../../shared/model/finding.ts';
import type { Store, StoreImage } from '../../../../shared/model/store/store.ts';
import { MAX_STORE_FINDINGS, MAX_STORE_ROWS } from '../../../../shared/model/store/store-page.ts';

/** A base with so many overlays, each with a name as long as the system takes. */
function storeOf(overlays: number): Store {
  const image = (index: number): StoreImage => ({
    path: `/${String(index).padStart(4095, 'x')}`,
    aliases: ['/alias'],
    format: 'qcow2',
    size: 1,
    fileSize: 1,
    allocatedSize: 1,
    inUse: false,
    modified: 0,
    snapshots: 0,
    bitmaps: 0,
    ...(index === 0
      ? {}
      : {
          backing: {
            recorded: 'b'.repeat(1023),
            recordedFormat: 'qcow2',
            resolved: '/b',
            status: 'inStore',
            image: 0,
          },
        }),
    children: index === 0 ? Array.from({ length: overlays }, (_, i) => i + 1) : [],
  });
  const evidence = Array.from({ length: 16 }, () => ({ source: 's', value: 'v'.repeat(4096), bits: 'b' }));
  return {
    roots: ['/'],
    images: Array.from({ length: overlays + 1 }, (_, index) => image(index)),
    findings: Array.from({ length: 20 }, (_, i) =>
      makeFinding({
        id: `${i}`,
        code: 'STORE_FORK',
        severity: 'note',
        layer: i === 0 ? 0 : 1,
        what: 'w',
        evidence,
      }),
    ),
    coverage: {
      folders: 1,
      entries: 1,
      otherFiles: 0,
      special: 0,
      errors: Array(100).fill({ code: 'C', what: 'w', subject: 's'.repeat(4096), advice: '' }),
      errorCount: 100,
      complete: true,
    },
  };
}

describe('the store of a window', () => {
  it('tells rows and findings page by page, each page within a message', async () => {
    const { handlers } = new StoreController(async () => storeOf(200));
    const summary = await handlers['store:open']({ folders: ['/'] });
    expect(summary).toMatchObject({
      images: 201,
      rows: 201,
      findings: { total: 20, severities: { note: 20 } },
    });
    const { storeId } = summary;
    const rows = await handlers['store:rows']({ storeId, first: 0, count: MAX_STORE_ROWS });
    expect(rows).toHaveLength(MAX_STORE_ROWS);
    expect(rows[0]).toMatchObject({ worst: 'note', image: { childCount: 200 } });
    expect(rows[2]?.worst).toBeUndefined();
    expect(await handlers['store:rows']({ storeId, first: 200, count: 64 })).toHaveLength(1);
    expect(await handlers['store:rows']({ storeId, first: 500, count: 64 })).toEqual([]);
    const page = await handlers['store:findings']({ storeId, skip: 18, most: MAX_STORE_FINDINGS });
    expect([page.findings.length, page.total]).toEqual([2, 20]);
    const full = await handlers['store:findings']({ storeId, skip: 0, most: MAX_STORE_FINDINGS });
    for (const answer of [summary, rows, full]) expect(messageBytes(answer)).toBeLessThan(MAX_MESSAGE_BYTES);
  });

  it('refuses pages of folders that are closed or were replaced', async () => {
    const controller = new StoreController(async () => storeOf(1));
    const { storeId } = await controller.handlers['store:open']({ folders: ['/a'] });
    await controller.handlers['store:open']({ folders: ['/b'] });
    const rowsOf = (id: number) => () =>
      controller.handlers['store:rows']({ storeId: id, first: 0, count: 1 });
    expect(rowsOf(storeId)).toThrow('not open any more');
    controller.close();
    expect(rowsOf(storeId + 1)).toThrow('not open any more');
  });

  it('ends a scan that another one takes the place of', async () => {
    const signals: AbortSignal[] = [];
    const controller = new StoreController(({ signal }) => {
      signals.push(signal!);
      return new Promise((resolve, reject) => {
        signal!.addEventListener('abort', () => reject(signal!.reason));
        if (signals.length > 1) resolve(storeOf(1));
      });
    });
    const first = controller.handlers['store:open']({ folders: ['/a'] });
    const second = controller.handlers['store:open']({ folders: ['/b'] });
    await expect(first).rejects.toMatchObject({ code: 'IPC_SUPERSEDED' });
    expect(await second).toMatchObject({ images: 2 });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  });

  it('arranges files by their links', async () => {
    const { handlers } = new StoreController(async () => storeOf(2));
    const files = ['/alias', `/${'2'.padStart(4095, 'x')}`, '/none'];
    const { images, indexes, chains, loops } = await handlers['store:arrange']({ files });
    expect(images).toHaveLength(3);
    expect(indexes).toEqual([0, 2, -1]);
    expect([chains, loops]).toEqual([
      [
        [0, 1],
        [0, 2],
      ],
      [],
    ]);
  });
});
