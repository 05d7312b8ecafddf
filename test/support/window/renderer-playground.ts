/**
 * The window in a plain browser over a fake chain, to look at it while working on it. What is opened is chosen by the
 * address: `?chain=golden|short|missing|consent|large|ten`; without it the empty state is shown.
 */
import { type FakeBridge, fakeBridge } from './fake-bridge.ts';
import { goldenChain, largeChain, shortMiddleChain } from './fake-chain.ts';

const CHAINS = {
  golden: () => goldenChain(),
  short: () => shortMiddleChain(),
  missing: () => shortMiddleChain('missing'),
  consent: () => shortMiddleChain('needsConsent'),
  large: () => largeChain(),
  ten: () => largeChain(2 ** 40, 10, 40_000),
};

const asked = new URLSearchParams(location.search).get('chain') as keyof typeof CHAINS | null;
const recent = new URLSearchParams(location.search).has('recent')
  ? [
      {
        title: 'vm7-top.qcow2',
        target: { kind: 'files' as const, files: ['/var/lib/images/vm7/vm7-top.qcow2'] },
      },
      {
        title: 'db-replica.qcow2',
        target: { kind: 'files' as const, files: ['/srv/images/db-replica.qcow2'] },
      },
      { title: 'vm7/disk0', target: { kind: 'nbd' as const, uri: 'nbd://storage-3:10809/vm7%2Fdisk0' } },
    ]
  : [];
const samples = ['Golden chain', 'Short middle layer', 'Dirty bitmaps', 'Damaged'].map(name => ({
  name,
  files: [`/samples/${name}`],
}));
const bridge: FakeBridge = fakeBridge(CHAINS[asked ?? 'golden'](), { recent, samples });
Object.assign(window, { cowscope: bridge });
await import('../../../renderer/main.tsx');
if (asked !== null)
  bridge.push('app:arrival', { kind: 'target', target: { kind: 'files', files: ['/images/top.qcow2'] } });
