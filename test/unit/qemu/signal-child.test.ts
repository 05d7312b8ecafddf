import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, vi } from 'vitest';
import { signalChild } from '../../../electron/qemu/signal-child.ts';

it('ends a child that was started', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  signalChild(child, 'SIGKILL');
  expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
});

it('sends nothing to a child that could not be started', async () => {
  const child = spawn('no-such-tool');
  // Never let through: it would reach this very process group.
  const kill = vi.spyOn(child, 'kill').mockReturnValue(false);
  signalChild(child, 'SIGKILL');
  expect(kill).not.toHaveBeenCalled();
  expect((await once(child, 'error'))[0]).toMatchObject({ code: 'ENOENT' });
});
