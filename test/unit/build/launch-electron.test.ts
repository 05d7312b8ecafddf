import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { electronCommand, takeRequest } from '../../../build/launch-electron.mjs';
import { temporaryFolder } from '../../support/tools.ts';

const root = dirname(fileURLToPath(new URL('../../../package.json', import.meta.url)));
const folder = temporaryFolder();
const said: string[] = [];
const say = (line: string) => void said.push(line);

/** Programs that stand on the PATH as empty files. */
function onPath(...names: readonly string[]): void {
  const path = temporaryFolder();
  for (const name of names) writeFileSync(join(path, name), '');
  vi.stubEnv('PATH', path);
}

beforeEach(() => {
  writeFileSync(join(folder, 'electron'), '');
  vi.stubEnv('ELECTRON_OVERRIDE_DIST_PATH', folder);
  vi.stubEnv('ELECTRON_RUN_AS_NODE', '1');
  vi.stubEnv('DISPLAY', ':7');
  vi.stubEnv('WAYLAND_DISPLAY', '');
  vi.spyOn(process, 'platform', 'get').mockReturnValue('linux');
  vi.spyOn(process, 'getuid').mockReturnValue(0);
  said.length = 0;
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

it('starts the checkout with the words after a --, where Chromium takes none of them for its own', async () => {
  const launch = await electronCommand({
    programArgs: ['a.qcow2', '--gpu-launcher=x'],
    switches: ['--user-data-dir=/p'],
    say,
  });
  if (launch.why !== undefined) throw new Error(launch.why);
  expect(launch.command).toBe(join(folder, 'electron'));
  expect(launch.args.slice(launch.args.indexOf(root))).toEqual([root, '--', 'a.qcow2', '--gpu-launcher=x']);
  expect(launch.args.slice(0, launch.args.indexOf(root))).toEqual(launch.flags);
  expect(launch.flags).toContain('--user-data-dir=/p');
  expect(launch.env.ELECTRON_RUN_AS_NODE).toBeUndefined();
  expect(launch.env.ELECTRON_OVERRIDE_DIST_PATH).toBe(folder);
});

it('turns the sandbox off for root alone, with a message', async () => {
  const asRoot = await electronCommand({ say });
  expect(asRoot.why ?? asRoot.args).toContain('--no-sandbox');
  expect(said).toEqual([expect.stringContaining('--no-sandbox')]);
  vi.spyOn(process, 'getuid').mockReturnValue(1000);
  said.length = 0;
  const asUser = await electronCommand({ say });
  expect(asUser.why ?? asUser.args).not.toContain('--no-sandbox');
  expect(said).toEqual([]);
});

it('needs a display, or makes one when told to', async () => {
  vi.stubEnv('DISPLAY', '');
  onPath('xvfb-run', 'Xvfb', 'xauth');
  expect(await electronCommand({ say })).toEqual({ why: expect.stringContaining('no display') });
  const launch = await electronCommand({ offscreen: true, say });
  expect(launch.why === undefined && [launch.command, ...launch.args]).toEqual(
    expect.arrayContaining(['xvfb-run', join(folder, 'electron'), root]),
  );
  onPath('xvfb-run', 'Xvfb');
  expect(await electronCommand({ offscreen: true, say })).toEqual({ why: expect.stringContaining('xauth') });
});

it('takes --electron=… out of the arguments', () => {
  expect(takeRequest(['a', '--electron=npm', 'b'])).toEqual({ request: 'npm', rest: ['a', 'b'] });
  expect(takeRequest(['a'])).toEqual({ request: undefined, rest: ['a'] });
});
