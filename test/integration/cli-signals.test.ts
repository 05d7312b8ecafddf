/** Every command ends within a second of a signal, at any moment, and leaves nothing behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, open, readdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLI, cowscope, leastTime } from '../support/cli.ts';
import { hollowImage } from '../support/images/hollow-image.ts';
import { fragmentedImage } from '../support/images/nbd-images.ts';
import { processesLeft, qemuImg, temporaryFolder } from '../support/tools.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Milliseconds after the start: while Node starts, while the image is opened, while it is read, while it is printed. */
const MOMENTS_MS = [20, 120, 250, 500, 900];
const LIMIT_MS = 1000;

const folder = temporaryFolder();
const sockets = temporaryFolder();
const silent = join(folder, 'silent');
let image: string;
let hollow: string;
let overlay: string;
let hollowOverlay: string;
let headless: string;
/** Alone in its folder, so that nothing is left there of one that was not finished. */
const captures = temporaryFolder();
const capture = join(captures, 'case.cowscope');
let server: Server;
beforeAll(async () => {
  image = await fragmentedImage(folder, 2 ** 19);
  hollow = await hollowImage(join(folder, 'hollow.qcow2'));
  overlay = join(folder, 'overlay.qcow2');
  await qemuImg('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', image, overlay);
  hollowOverlay = join(folder, 'hollow-overlay.qcow2');
  await qemuImg('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', hollow, hollowOverlay);
  headless = join(folder, 'headless.qcow2');
  await copyFile(image, headless);
  await eraseHeader(headless);
  server = createServer(() => {}).listen(silent); // takes connections and says nothing
  await once(server, 'listening');
});
afterAll(() => void server.close());

/** Overwrites the first cluster of an image with zeros. */
async function eraseHeader(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.write(Buffer.alloc(65_536), 0, 65_536, 0);
  } finally {
    await file.close();
  }
}

describe.each<[string, () => string[]]>([
  ['map', () => ['map', image]],
  ['map --totals', () => ['map', '--totals', image]],
  ['map --witness nbd', () => ['map', '--witness', 'nbd', image]],
  ['map --witness both', () => ['map', '--witness', 'both', '--output', 'json', image]],
  ['map --as nbdinfo', () => ['map', '--as', 'nbdinfo', image]],
  ['map of a server that says nothing', () => ['map', `nbd+unix:///?socket=${silent}`]],
  ['layers', () => ['layers', image]],
  ['layers of a disk whose tables lie in holes', () => ['layers', hollow]],
  ['layers of a server that says nothing', () => ['layers', `nbd+unix:///?socket=${silent}`]],
  ['check --deep', () => ['check', '--deep', image]],
  ['check of a disk whose tables lie in holes', () => ['check', hollow]],
  ['layout --ranges', () => ['layout', '--ranges', image]],
  ['report', () => ['report', image]],
  ['plan', () => ['plan', '--ranges', 'commit', overlay]],
  ['plan flatten of a disk whose tables lie in holes', () => ['plan', 'flatten', hollowOverlay]],
  ['misread of a disk whose tables lie in holes', () => ['misread', hollow]],
  ['compare', () => ['compare', overlay, image]],
  ['compare --content', () => ['compare', '--content', overlay, image]],
  ['compare of a disk whose tables lie in holes', () => ['compare', hollow, hollowOverlay]],
  ['check --deep of a disk whose tables lie in holes', () => ['check', '--deep', hollow]],
  ['map --infer of an image without its header', () => ['map', '--infer', '--format', 'qcow2', headless]],
  ['report of a disk whose tables lie in holes', () => ['report', hollow]],
  ['partitions of a disk whose tables lie in holes', () => ['partitions', hollow]],
  ['capture of a disk whose tables lie in holes', () => ['capture', '--force', '-o', capture, hollow]],
  ['store', () => ['store', folder]],
])('cowscope %s', (_, args) => {
  it.each(SIGNALS)('ends within a second of %s, whenever it comes', async signal => {
    let told: string | undefined; // the findings of the image, as a run that nothing interrupts tells them
    const endingTime = async (moment: number) => {
      const child = spawn(process.execPath, [CLI, ...args()], {
        env: { ...process.env, TMPDIR: sockets },
        stdio: ['ignore', 'pipe', 'pipe'], // its output is not read, so that it waits with its list half printed
      });
      let stderr = '';
      child.stderr.setEncoding('utf8').on('data', text => {
        stderr += text;
      });
      const ended = once(child, 'exit');
      await sleep(moment);
      const sent = performance.now();
      child.kill(signal);
      const [code, by] = await ended;
      const took = performance.now() - sent;
      if (code === null) {
        expect(by).toBe(signal);
        told ??= stderr === '' ? undefined : (await cowscope(args())).stderr;
        expect(stderr === '' || told?.startsWith(stderr), stderr).toBe(true);
      }
      child.stdout.destroy();
      return took;
    };
    for (const moment of MOMENTS_MS)
      expect(await leastTime(LIMIT_MS, () => endingTime(moment))).toBeLessThan(LIMIT_MS);
    expect(await processesLeft(sockets)).toEqual([]);
    expect(await readdir(sockets)).toEqual([]);
    expect((await readdir(captures)).filter(name => join(captures, name) !== capture)).toEqual([]);
  });
});
