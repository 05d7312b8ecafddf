/**
 * Commands on images that ask for far more than they hold: each answers within bounds of time and memory, or shows how
 * far it is and ends at a signal; nothing is left behind and no image is changed. COWSCOPE_HOSTILE names
 * commands to run on every image (map,check), or all.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLI, complaints, leastTime } from '../../support/cli.ts';
import { processesLeft, temporaryFolder } from '../../support/tools.ts';
import {
  type CommandName,
  emptyDisk,
  HOSTILE_IMAGES,
  type HostileFile,
  type HostileImage,
  layerName,
} from './hostile-images.ts';

const MIB = 2 ** 20;
/** Bounds of one command. Of the processor, so that a busy machine changes nothing. */
const MAX_CPU_MS = 10_000;
const MAX_RESIDENT = 500 * MIB;
/** From the signal to the end. */
const MAX_ENDING_MS = 1000;
/** A command that has not ended by then hangs, also on a busy machine. */
const HANGS_MS = 300_000;

const folder = temporaryFolder();
const sockets = temporaryFolder();

/** An image on disk, an empty overlay on it, and an empty disk to put it on. */
interface Made {
  readonly folder: string;
  readonly top: string;
  readonly overlay: string;
  readonly empty: string;
  readonly files: readonly { readonly path: string; readonly file: HostileFile }[];
}

function make(image: HostileImage, index: number): Made {
  const own = join(folder, String(index));
  mkdirSync(own);
  const files = Array.from({ length: image.layers }, (_, layer) => ({
    path: join(own, layerName(layer)),
    file: image.layer(layer),
  }));
  const overlay = join(own, 'overlay.qcow2');
  const empty = join(own, 'empty.qcow2');
  files.push({ path: overlay, file: emptyDisk(image.size, layerName(image.layers - 1)) });
  files.push({ path: empty, file: emptyDisk(MIB) });
  for (const { path, file } of files) {
    const fd = openSync(path, 'w');
    for (const { at, bytes } of file.parts) writeSync(fd, bytes, 0, bytes.length, at);
    ftruncateSync(fd, file.length);
    fsyncSync(fd); // the file system counts some blocks only when it writes them
    closeSync(fd);
  }
  return { folder: own, top: join(own, layerName(image.layers - 1)), overlay, empty, files };
}

const times = ({ files }: Made) =>
  files.map(({ path }) => {
    const { size, blocks, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return { size, blocks, mtimeNs, ctimeNs };
  });

/** True if every part of an image is what was written. */
function isAsMade({ files }: Made): boolean {
  return files.every(({ path, file }) => {
    const fd = openSync(path, 'r');
    const isSame = file.parts.every(({ at, bytes }) => {
      const read = Buffer.alloc(bytes.length);
      readSync(fd, read, 0, read.length, at);
      return read.equals(bytes);
    });
    closeSync(fd);
    return isSame;
  });
}

const ARGUMENTS: Readonly<Record<CommandName, (made: Made) => string[]>> = {
  map: ({ top }) => ['map', '--totals', '--output', 'json', top],
  layers: ({ top }) => ['layers', '--output', 'json', top],
  check: ({ top }) => ['check', '--output', 'json', top],
  'map rows': ({ top }) => ['map', '--output', 'json', top],
  'layers text': ({ top }) => ['layers', top],
  layout: ({ top }) => ['layout', '--output', 'json', top],
  report: ({ top }) => ['report', '--output', 'json', top],
  misread: ({ top }) => ['misread', '--output', 'json', top],
  compare: ({ top, overlay }) => ['compare', '--output', 'json', top, overlay],
  plan: ({ overlay }) => ['plan', '--output', 'json', 'commit', overlay],
  'plan flatten': ({ overlay }) => ['plan', '--output', 'json', 'flatten', overlay],
  'plan of it': ({ empty, top }) => ['plan', '--output', 'json', 'commit', empty, top],
  'plan live': ({ empty, top, overlay }) => [
    'plan',
    '--output',
    'json',
    '--job',
    'live',
    '--into',
    '0',
    'commit',
    empty,
    top,
    overlay,
  ],
  'check --deep': ({ top }) => ['check', '--deep', '--output', 'json', top],
  partitions: ({ top }) => ['partitions', '--output', 'json', top],
  capture: ({ folder: own, top }) => ['capture', '--force', '-o', join(own, 'case.cowscope'), top],
  store: made => ['store', '--output', 'json', made.folder],
};

const NAMES = Object.keys(ARGUMENTS) as CommandName[];
/** Each image is read by the first three and by one of the others; by hand by those named, or by all. */
const ALWAYS = 3;
const WANTED = process.env.COWSCOPE_HOSTILE?.split(',');
const inTurn = NAMES.slice(ALWAYS);
const commandsFor = (index: number, also: readonly CommandName[] = []) =>
  WANTED === undefined
    ? [...new Set([...NAMES.slice(0, ALWAYS), inTurn[index % inTurn.length]!, ...also])]
    : NAMES.filter(name => WANTED.includes(name) || WANTED[0] === 'all');

/** Writes at its end what a process took at most: not getrusage, which counts the memory of the parent before the start. */
const probe = (file: string) =>
  `data:text/javascript,${encodeURIComponent(
    `import { readFileSync, writeFileSync } from 'node:fs';
     process.on('exit', () => {
       const kib = /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1];
       const { user, system } = process.cpuUsage();
       writeFileSync(${JSON.stringify(file)}, JSON.stringify([kib * 1024, (user + system) / 1000]));
     });`,
  )}`;

/** Runs a command to its end, within bounds. */
async function expectAnswer(name: CommandName, made: Made): Promise<void> {
  const measured = join(made.folder, 'measured.json');
  const env = { ...process.env, TMPDIR: sockets, NODE_OPTIONS: `--import=${probe(measured)}` };
  const child = spawn(process.execPath, [CLI, ...ARGUMENTS[name](made)], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: HANGS_MS,
    killSignal: 'SIGKILL',
  });
  const chunks: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', chunk => void chunks.push(chunk));
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text;
  });
  const [code, signal] = await once(child, 'close');
  expect({ signal, stderr }).toMatchObject({ signal: null });
  const stdout = Buffer.concat(chunks);
  for (const line of complaints({ code, stdout: '', stderr })) expect(line).not.toContain('INTERNAL');
  if (name === 'layers text' || name === 'capture') expect(stdout.length).toBeGreaterThan(0);
  else if (stdout.length > 0) expect(JSON.parse(stdout.toString())).toBeTypeOf('object');
  else expect(code).not.toBe(0);
  const [resident, cpu] = JSON.parse(readFileSync(measured, 'utf8'));
  rmSync(measured);
  expect(resident).toBeLessThan(MAX_RESIDENT);
  expect(cpu).toBeLessThan(MAX_CPU_MS);
}

/** The one child of a process; undefined where either is gone. */
function childOf(pid: number): number | undefined {
  try {
    const child = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return child === '' ? undefined : Number(child);
  } catch {
    return undefined;
  }
}

/** Bytes of memory that a process has had at most. */
function residentPeak(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
}

/**
 * Waits until a command on a terminal says how far it is, and has it end then. Answers how many milliseconds that took, 0 if
 * the command had ended before, with an answer.
 */
async function endingTime(name: CommandName, made: Made): Promise<number> {
  const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
  const words = [process.execPath, CLI, ...ARGUMENTS[name](made)];
  const line = `exec ${words.map(quote).join(' ')} > /dev/null`;
  const env = { ...process.env, TMPDIR: sockets };
  const terminal = spawn('script', ['-qefc', line, '/dev/null'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: HANGS_MS,
    killSignal: 'SIGKILL',
  });
  const ended = once(terminal, 'close');
  let said = '';
  const shown = new Promise<void>(resolve => {
    terminal.stdout.setEncoding('utf8').on('data', text => {
      said += text;
      if (/reading[^\r]*\/s|% of the disk/.test(said)) resolve();
    });
  });
  await Promise.race([shown, ended]);
  const pid = childOf(terminal.pid as number);
  let took = 0;
  if (pid !== undefined) {
    const resident = residentPeak(pid);
    const sent = performance.now();
    process.kill(pid, 'SIGTERM');
    await ended;
    took = performance.now() - sent;
    expect(resident).toBeLessThan(MAX_RESIDENT);
  }
  await ended;
  expect(terminal.signalCode, said).toBeNull();
  expect(said).not.toContain('INTERNAL');
  return took;
}

describe.each(HOSTILE_IMAGES.map((image, index) => [image.name, index, image] as const))(
  '%s',
  (_, index, image) => {
    let made: Made;
    beforeAll(() => {
      made = make(image, index);
    });
    afterAll(() => rmSync(made.folder, { recursive: true }));

    it.each(commandsFor(index, image.also))(
      '%s answers within bounds, or shows how far it is and ends when told to',
      {
        timeout: 2 * HANGS_MS,
      },
      async name => {
        const before = times(made);
        if (image.endless.includes(name)) {
          expect(await leastTime(MAX_ENDING_MS, () => endingTime(name, made))).toBeLessThan(MAX_ENDING_MS);
        } else await expectAnswer(name, made);
        expect(await processesLeft(sockets)).toEqual([]);
        expect(readdirSync(sockets)).toEqual([]);
        expect(times(made)).toEqual(before);
      },
    );

    it('holds after that what was written when it was made', () => {
      expect(isAsMade(made)).toBe(true);
    });
  },
);
