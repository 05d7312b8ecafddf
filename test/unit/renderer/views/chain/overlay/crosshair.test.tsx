import { screen, waitFor } from '@testing-library/react';
import { expect, test } from 'vitest';
import { requestDraw } from '../../../../../../renderer/canvas/frame.ts';
import { openTarget } from '../../../../../../renderer/state/chain/opening.ts';
import { getAxis, setAxis, setState } from '../../../../../../renderer/state/store.ts';
import { formatOffset } from '../../../../../../shared/text/offset.ts';
import { start } from '../../../../../support/window/fake-window.tsx';

const shownOffset = () => document.querySelector('.tooltip-offset')?.textContent;

test('a tooltip follows the window when it gets another width under a still pointer', async () => {
  start();
  await openTarget({ kind: 'files', files: ['/images/top.qcow2'] });
  await screen.findByRole('heading', { level: 2, name: 'Guest' });
  const { size } = getAxis('guest');
  setAxis('guest', { width: 1000, viewport: { start: 0, end: size } });
  setState({ hover: { axis: 'guest', track: 1, px: 250 } });
  await waitFor(() => expect(shownOffset()).toBe(formatOffset(size / 4)));
  setAxis('guest', { width: 500 });
  requestDraw();
  await waitFor(() => expect(shownOffset()).toBe(formatOffset(size / 2)));
});
