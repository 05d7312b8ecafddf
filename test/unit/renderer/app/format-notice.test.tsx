import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../renderer/state/chain/opening.ts';
import type { LayerInfo } from '../../../../shared/model/layer.ts';
import { fakeChain, layerInfo } from '../../../support/window/fake-chain.ts';
import { argsOf, start } from '../../../support/window/fake-window.tsx';

const target = { kind: 'files', files: ['/images/top.qcow2'] } as const;

/** A chain of two layers; the link between them records no format. */
function chainWith(base: Partial<LayerInfo>, recordedFormat = '') {
  const backing = { recorded: 'base', recordedFormat, resolved: '/images/base', status: 'opened' } as const;
  return fakeChain([
    { info: layerInfo(0, 'base', 65536, base), starts: [0], flags: [0] },
    { info: layerInfo(1, 'top.qcow2', 65536, { backing }), starts: [0], flags: [0] },
  ]);
}

test.each([
  ['by its content', { format: 'qcow2', formatSource: 'magic' }, 'raw'],
  ['as you chose', { format: 'raw', formatSource: 'given' }, 'qcow2'],
] as const)(
  'a format that is not recorded is reported, and the other reading is offered: %s',
  async (how, base, other) => {
    const bridge = start(chainWith(base));
    await openTarget(target);
    const notice = await screen.findByRole('region', { name: 'Format not recorded' });
    expect(notice.textContent).toContain(how);
    fireEvent.click(within(notice).getByRole('button', { name: `Read as ${other}` }));
    await waitFor(() =>
      expect(argsOf(bridge, 'chain:open')[1]).toMatchObject({ target: { ...target, backingFormat: other } }),
    );
  },
);

test('nothing is offered where the format is recorded', async () => {
  start(chainWith({ format: 'qcow2', formatSource: 'recorded' }, 'qcow2'));
  await openTarget(target);
  await screen.findAllByText('top.qcow2');
  expect(screen.queryByRole('region', { name: 'Format not recorded' })).toBeNull();
});
