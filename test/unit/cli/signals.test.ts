import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { transformWithOxc } from 'vite';
import { expect, it } from 'vitest';

const path = new URL('../../../electron/cli/signals.ts', import.meta.url).pathname;
/** The module without its types, which Node 20 does not read. */
const { code } = await transformWithOxc(readFileSync(path, 'utf8'), path, { sourcemap: false });

/** What ends a program of these lines, which would otherwise stay for a minute; and what it printed. */
async function endOf(lines: string): Promise<{ signal: unknown; printed: string }> {
  const words = ['--input-type=module', '--eval', `${code}; setTimeout(() => {}, 60_000); ${lines}`];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', text => {
    printed += text;
  });
  const [, signal] = await once(child, 'close');
  return { signal, printed };
}

it.each(['SIGINT', 'SIGTERM', 'SIGHUP'])(
  'what there is to undo is undone before %s ends the program',
  async signal => {
    const lines = `undoOnSignal(() => console.log('undone')); process.kill(process.pid, '${signal}');`;
    expect(await endOf(lines)).toEqual({ signal, printed: 'undone\n' });
  },
);

it.each(['SIGINT', 'SIGTERM', 'SIGHUP'])(
  '%s ends the program when the last listener is removed before the signal is delivered',
  async signal => {
    const lines = `const forget = undoOnSignal(() => console.log('undone')); process.kill(process.pid, '${signal}'); forget();`;
    expect(await endOf(lines)).toEqual({ signal, printed: '' });
  },
);
