import { act, fireEvent, screen, waitFor } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import { runCommand } from '../../../../../renderer/state/commands/commands.ts';
import { getState, setState } from '../../../../../renderer/state/store.ts';
import { fail, ok } from '../../../../../shared/result.ts';
import { fakePlan } from '../../../../support/window/fake-plan.ts';
import { argsOf, start } from '../../../../support/window/fake-window.tsx';

/** The window with a chain open and the dialog shown. */
async function openDialog() {
  const bridge = start();
  bridge.answer('plan:make', () => ok(fakePlan()));
  runCommand('open');
  await waitFor(() => expect(getState().chain).toBeDefined());
  return bridge;
}

test('a report leaves folders out unless that is switched off, and the dialog closes once it is written', async () => {
  const bridge = await openDialog();
  bridge.answer('report:save', () => ok({ path: '/home/report.json', unread: 1 }));
  fireEvent.keyDown(window, { key: 'e', ctrlKey: true });
  expect(await screen.findByRole('dialog', { name: 'Save a report' })).toBeTruthy();
  expect(screen.getByRole<HTMLInputElement>('checkbox', { name: /Leave folders out/ }).checked).toBe(true);
  expect(screen.queryByRole('checkbox', { name: /The plan/ })).toBeNull();
  fireEvent.click(screen.getByRole('radio', { name: /JSON/ }));
  fireEvent.click(screen.getByRole('button', { name: 'Save…' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(argsOf(bridge, 'report:save')).toEqual([{ sessionId: 1, format: 'json', showPaths: false }]);
  expect(getState().message).toBe('Saved /home/report.json; 1 part could not be read');
});

test('the plan that is open goes into the report', async () => {
  const bridge = await openDialog();
  bridge.answer('report:save', () => ok(null));
  fireEvent.keyDown(window, { key: '4' });
  await screen.findByRole('region', { name: 'Hazards' });
  runCommand('report');
  expect(await screen.findByRole('checkbox', { name: /The plan: Would commit mid/ })).toBeTruthy();
  fireEvent.click(screen.getByRole('button', { name: 'Save…' }));
  await waitFor(() => expect(argsOf(bridge, 'report:save')).toHaveLength(1));
  expect(argsOf(bridge, 'report:save')[0]).toMatchObject({ format: 'html', planId: 1 });
  fireEvent.click(screen.getByRole('checkbox', { name: /The plan/ }));
  fireEvent.click(await screen.findByRole('button', { name: 'Save…' }));
  await waitFor(() => expect(argsOf(bridge, 'report:save')).toHaveLength(2));
  expect(argsOf(bridge, 'report:save')[1]).not.toHaveProperty('planId');
});

test('partitions that are shown go into the report only where that is chosen', async () => {
  const bridge = await openDialog();
  bridge.answer('report:save', () => ok(null));
  runCommand('report');
  await screen.findByRole('dialog', { name: 'Save a report' });
  expect(screen.queryByRole('checkbox', { name: /partitions/ })).toBeNull();
  act(() =>
    setState({ partitions: { phase: 'read', disk: { scheme: 'none', whole: {}, isUsable: true } as never } }),
  );
  fireEvent.click(screen.getByRole('button', { name: 'Save…' }));
  await waitFor(() => expect(argsOf(bridge, 'report:save')).toHaveLength(1));
  expect(argsOf(bridge, 'report:save')[0]).not.toHaveProperty('partitions');
  fireEvent.click(await screen.findByRole('checkbox', { name: /partitions/ }));
  fireEvent.click(await screen.findByRole('button', { name: 'Save…' }));
  await waitFor(() => expect(argsOf(bridge, 'report:save')).toHaveLength(2));
  expect(argsOf(bridge, 'report:save')[1]).toMatchObject({ partitions: true });
});

test('the dialog shows how far the report is, and what went wrong', async () => {
  const bridge = await openDialog();
  let finish: (reply: never) => void = () => {};
  bridge.answer('report:save', () => new Promise(resolve => (finish = resolve as never)));
  runCommand('report');
  fireEvent.click(await screen.findByRole('button', { name: 'Save…' }));
  expect(await screen.findByText('Choose a file…')).toBeTruthy();
  act(() => bridge.push('report:progress', { step: 'reading', share: 0.429 }));
  expect(screen.getByText('Reading the map 42 %…')).toBeTruthy();
  fireEvent.click(screen.getByRole('button', { name: 'Cancel' }));
  await waitFor(() => expect(argsOf(bridge, 'report:cancel')).toHaveLength(1));
  finish(
    fail({ code: 'OUTPUT_IS_IMAGE', what: 'it is an image', subject: '/base', advice: 'another' }) as never,
  );
  expect(await screen.findByText('OUTPUT_IS_IMAGE')).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Save…' })).toBeTruthy();
});

test('the drawing is shown small as it will be in the file, and drawn again when folders are left in', async () => {
  const bridge = await openDialog();
  bridge.answer('report:drawing', ({ showPaths }) =>
    ok(`<svg xmlns="http://www.w3.org/2000/svg"><title>${showPaths ? 'whole' : 'short'}</title></svg>`),
  );
  runCommand('report');
  const drawing = () => screen.getByRole<HTMLImageElement>('img', { name: /drawing of the chain/ }).src;
  await waitFor(() => expect(decodeURIComponent(drawing())).toContain('short'));
  fireEvent.click(screen.getByRole('checkbox', { name: /Leave folders out/ }));
  await waitFor(() => expect(decodeURIComponent(drawing())).toContain('whole'));
  fireEvent.click(screen.getByRole('radio', { name: /CSV/ }));
  expect(screen.queryByRole('img', { name: /drawing of the chain/ })).toBeNull();
});

test('a PNG is made of the same drawing, at twice its size', async () => {
  const bridge = await openDialog();
  bridge.answer('report:savePicture', () => ok({ path: '/home/picture.png', unread: 0 }));
  const sizes: (readonly [number, number])[] = [];
  vi.spyOn(HTMLImageElement.prototype, 'naturalWidth', 'get').mockReturnValue(30);
  vi.spyOn(HTMLImageElement.prototype, 'naturalHeight', 'get').mockReturnValue(20);
  HTMLImageElement.prototype.decode = () => Promise.resolve();
  vi.spyOn(HTMLCanvasElement.prototype, 'toBlob').mockImplementation(function (
    this: HTMLCanvasElement,
    done,
  ) {
    sizes.push([this.width, this.height]);
    done({ arrayBuffer: async () => Uint8Array.of(1, 2, 3).buffer } as unknown as Blob);
  });
  runCommand('report');
  fireEvent.click(await screen.findByRole('radio', { name: /PNG/ }));
  await screen.findByRole('img', { name: /drawing of the chain/ });
  fireEvent.click(screen.getByRole('button', { name: 'Save…' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(sizes).toEqual([[60, 40]]);
  expect(argsOf(bridge, 'report:savePicture')).toEqual([{ sessionId: 1, png: Uint8Array.of(1, 2, 3) }]);
  vi.restoreAllMocks();
});
