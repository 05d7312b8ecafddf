/** Every command ends within a second of a signal, at any moment, and leaves nothing behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLI, cowscope } from '../support/cli.ts';
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
let server: Server;
beforeAll(async () => {
  image = await fragmentedImage(folder, 2 ** 19);
  hollow = await hollowImage(join(folder, 'hollow.qcow2'));
  overlay = join(folder, 'overlay.qcow2');
  await qemuImg('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', image, overlay);
  server = createServer(() => {}).listen(silent); // takes connections and says nothing
  await once(server, 'listening');
});
afterAll(() => void server.close());

/** A disk of 14 TiB in a few pages: each of its L2 tables lies in a hole of the file, and is read all the same. */
async function hollowImage(path: string): Promise<string> {
  await qemuImg('create', '-q', '-f', 'qcow2', path, '14T');
  const file = await open(path, 'r+');
  try {
    const header = Buffer.alloc(48);
    await file.read(header, 0, header.length, 0);
    const l1 = Buffer.alloc(8 * header.readUInt32BE(36));
    const { size } = await file.stat();
    for (let i = 0; i < l1.length / 8; i++)
      l1.writeBigUInt64BE((1n << 63n) | BigInt(size + i * 65_536), 8 * i);
    await file.write(l1, 0, l1.length, Number(header.readBigUInt64BE(40)));
    await file.truncate(size + (l1.length / 8) * 65_536);
  } finally {
    await file.close();
  }
  return path;
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
  ['misread of a disk whose tables lie in holes', () => ['misread', hollow]],
  ['compare', () => ['compare', overlay, image]],
  ['store', () => ['store', folder]],
])('cowscope %s', (_, args) => {
  it.each(SIGNALS)('ends within a second of %s, whenever it comes', async signal => {
    let told: string | undefined; // the findings of the image, as a run that nothing interrupts tells them
    for (const moment of MOMENTS_MS) {
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
      expect(performance.now() - sent).toBeLessThan(LIMIT_MS);
      if (code === null) {
        expect(by).toBe(signal);
        told ??= stderr === '' ? undefined : (await cowscope(args())).stderr;
        expect(stderr === '' || told?.startsWith(stderr), stderr).toBe(true);
      }
      child.stdout.destroy();
    }
    expect(await processesLeft(sockets)).toEqual([]);
    expect(await readdir(sockets)).toEqual([]);
  });
});
