import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { expect, it, vi } from 'vitest';
import { signalChild, signalGroup } from '../../../electron/qemu/signal-child.ts';

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

it('ends what a child has started with it', async () => {
  const script = 'sleep 1000 & echo $!; wait';
  const child = spawn('sh', ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = await once(child.stdout!.setEncoding('utf8'), 'data');
  signalGroup(child, 'SIGKILL');
  await once(child, 'close'); // its output is closed only when both are gone
  // Where nothing collects orphans, it has ended and waits to be collected.
  const stat = `/proc/${Number(line)}/stat`;
  if (existsSync(stat)) expect(readFileSync(stat, 'utf8')).toMatch(/\) Z /);
  signalGroup(child, 'SIGKILL'); // nothing is left of it
});

it('sends nothing to the group of a child that could not be started', async () => {
  const child = spawn('no-such-tool', { detached: true });
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  signalGroup(child, 'SIGKILL');
  expect(kill).not.toHaveBeenCalled();
  kill.mockRestore();
  await once(child, 'error');
});
