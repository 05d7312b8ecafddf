import { expect, test } from 'vitest';
import { diagnostics } from '../../../electron/shell/diagnostics.ts';
import { runWell, temporaryFolder } from '../../support/tools.ts';

const FACTS = {
  version: '1.2.3',
  versions: { ...process.versions, electron: '45.4.1', chrome: '150.0.0.1', node: '24.9.0' },
  compositing: 'disabled_software',
  log: ['{"event":"opened","layers":3}'],
} as const;

test('the text has the versions of the program, of the system and of qemu, and the log', async () => {
  const env = { PATH: process.env.PATH, WAYLAND_DISPLAY: 'wayland-0', SECRET: 'SECRET' };
  const text = await diagnostics({ ...FACTS, env });
  const lines = text.split('\n');
  expect(lines.slice(0, 2)).toEqual(['cowscope 1.2.3', 'Electron 45.4.1, Chromium 150.0.0.1, Node 24.9.0']);
  expect(lines[2]).toMatch(/^linux \w+, kernel \S+, display Wayland, compositing disabled_software$/);
  const installed = /(\d+\.\d+)/.exec(await runWell('qemu-img', ['--version']))?.[1];
  expect(lines[3]).toBe(`qemu-nbd ${installed}, qemu-img ${installed}`);
  expect(lines.slice(4)).toEqual(['', ...FACTS.log, '']);
  expect(text).not.toContain('SECRET');
});

test('a machine without a display and without qemu is said to be one', async () => {
  const text = await diagnostics({ ...FACTS, env: { PATH: temporaryFolder() } });
  expect(text).toContain('display none,');
  expect(text).toContain('qemu-nbd not found, qemu-img not found\n');
});
