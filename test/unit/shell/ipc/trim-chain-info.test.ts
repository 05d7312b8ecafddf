import { expect, test } from 'vitest';
import { chainForWindow, MAX_LISTED } from '../../../../electron/shell/ipc/trim-chain-info.ts';
import { makeFinding } from '../../../../shared/model/finding.ts';
import type { ChainInfo, LayerInfo, Qcow2Info } from '../../../../shared/model/layer.ts';

const NOTHING: LayerInfo = {
  index: 0,
  name: 'top.qcow2',
  path: '/images/top.qcow2',
  format: 'qcow2',
  formatSource: 'magic',
  size: 1024,
  fileSize: 1024,
  allocatedSize: 1024,
  clusterSize: 512,
  backing: { recorded: '', recordedFormat: '', resolved: '', status: 'none' },
  notes: ['a note'],
};

function chainWith(snapshots: number): ChainInfo {
  const list = Array.from({ length: snapshots }, (_, i) => ({ id: String(i + 1), name: `s${i}` }));
  const qcow2 = { snapshots: list, bitmaps: [] } as unknown as Qcow2Info;
  return { layers: [{ ...NOTHING, qcow2 }], size: 1024, complete: true, notes: [], findings: [] };
}

test('short lists stay as they are', () => {
  expect(chainForWindow(chainWith(MAX_LISTED))).toEqual(chainWith(MAX_LISTED));
});

test('a long list is cut, and a note of the layer names what is left out', () => {
  const [layer] = chainForWindow(chainWith(7000)).layers;
  expect(layer?.qcow2?.snapshots.map(({ id }) => id).at(-1)).toBe(String(MAX_LISTED));
  expect(layer?.notes).toEqual([
    'a note',
    `It has 7000 internal snapshots; the first ${MAX_LISTED} are listed here.`,
  ]);
});

test('raw layers have no lists', () => {
  const chain = { layers: [NOTHING], size: 1024, complete: true, notes: [], findings: [] };
  expect(chainForWindow(chain)).toEqual(chain);
});

test('findings are left out: the window asks for them page by page', () => {
  const finding = makeFinding({ code: 'X', severity: 'note', what: 'x' });
  expect(chainForWindow({ ...chainWith(1), findings: [finding] }).findings).toEqual([]);
});
