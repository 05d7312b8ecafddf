/** Runs programs and functions in turns and measures them: wall time, CPU time and peak memory. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import PRELOAD from './preload.c?raw';

/** Figures of one run by name. Seconds, bytes, or what the name says. */
export type Figures = Readonly<Record<string, number>>;

/** Something that runs in turn with others. */
export interface Contestant {
  readonly name: string;
  run(): Promise<Figures>;
}

/** What a contestant's runs came to. */
export interface Outcome {
  readonly name: string;
  readonly runs: readonly Figures[];
  /** Median of each figure over the runs. */
  readonly median: Figures;
}

/** A contestant that takes longer than this in the warm-up runs less often. */
const SLOW_SECONDS = 10;
const RUNS = 5;
const RUNS_OF_SLOW = 3;

/**
 * Runs every contestant once to warm up, which does not count, and then all of them in turns: `runs` times, by default
 * five times, or three where one takes more than ten seconds.
 */
export async function inTurns(
  contestants: readonly Contestant[],
  runs: number | undefined,
): Promise<Outcome[]> {
  const samples = contestants.map((): Figures[] => []);
  let turns = runs ?? RUNS;
  for (let turn = 0; turn <= turns; turn++) {
    for (const [i, { name, run }] of contestants.entries()) {
      const begun = performance.now();
      const figures = await run();
      const seconds = (performance.now() - begun) / 1000;
      if (turn > 0) samples[i]?.push(figures);
      else if (runs === undefined && seconds > SLOW_SECONDS) turns = RUNS_OF_SLOW;
      progress(`${turn === 0 ? 'warm-up' : `run ${turn} of ${turns}`}: ${name}`);
    }
  }
  progress('');
  return contestants.map(({ name }, i) => ({
    name,
    runs: samples[i] ?? [],
    median: medians(samples[i] ?? []),
  }));
}

/** Shows what is under way on a terminal; an empty text clears it. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

/** The middle value; the mean of two where their number is even. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  const high = sorted[Math.floor(middle)] ?? Number.NaN;
  return (low + high) / 2;
}

function medians(runs: readonly Figures[]): Figures {
  const names = Object.keys(runs[0] ?? {});
  return Object.fromEntries(names.map(name => [name, median(runs.map(run => run[name] ?? Number.NaN))]));
}

/** What one program used until it ended. */
interface Usage {
  readonly program: string;
  /** Seconds. */
  readonly cpu: number;
  /** Bytes. */
  readonly peak: number;
}

/** The means to see into the programs that are run. */
export interface Meter {
  /** Why CPU time and memory are not known and qemu pays for holes, or empty. */
  readonly missing: string;
  /**
   * Runs a program to its end and gives `seconds`, `cpu` and `peak`, and `serverCpu` and `serverPeak` of the qemu-nbd
   * processes that ended meanwhile. Output goes nowhere, or through a pipe that is read. Rejects when it fails.
   */
  program(command: string, args: readonly string[], output: 'nowhere' | 'pipe'): Promise<Figures>;
  /** Runs a program without output until it ends or `limit` seconds have passed: `seconds`, and `stopped`, 1 or 0. */
  atMost(limit: number, command: string, args: readonly string[]): Promise<Figures>;
  /** `serverCpu` and `serverPeak` of the qemu-nbd processes that have ended since the last program did. */
  servers(): Figures;
  /** Removes what was compiled. */
  remove(): void;
}

/** Compiles the helper library with the system's compiler and has it loaded into every program started from now on. */
export function createMeter(): Meter {
  const folder = mkdtempSync(join(tmpdir(), 'cow-meter-'));
  const usageFile = join(folder, 'usage');
  const missing = process.platform === 'linux' ? compile(folder) : 'it is made for Linux';
  if (missing === '') {
    process.env.LD_PRELOAD = join(folder, 'preload.so');
    process.env.COWSCOPE_BENCH_USAGE = usageFile;
    showInSandbox(folder);
  }

  function takeUsage(): Usage[] {
    let text = '';
    try {
      text = readFileSync(usageFile, 'utf8');
    } catch {
      return []; // nothing was written
    }
    rmSync(usageFile);
    return text
      .trim()
      .split('\n')
      .map(line => {
        const [program = '', cpu, peak] = line.split(' ');
        return { program, cpu: Number(cpu) / 1e6, peak: Number(peak) * 1024 };
      });
  }

  return {
    missing,
    async program(command, args, output) {
      takeUsage();
      const begun = performance.now();
      await (output === 'pipe' ? runPiped(command, args) : runAlone(command, args));
      const seconds = (performance.now() - begun) / 1000;
      const usage = takeUsage();
      const own = usage.filter(({ program }) => program === basename(command));
      return {
        seconds,
        ...(own.length === 0 ? {} : { cpu: cpuOf(own), peak: peakOf(own) }),
        ...serversIn(usage),
      };
    },
    async atMost(limit, command, args) {
      const begun = performance.now();
      const isStopped = (await runAlone(command, args, limit)) === 'stopped';
      takeUsage();
      return { seconds: (performance.now() - begun) / 1000, stopped: isStopped ? 1 : 0 };
    },
    servers: () => serversIn(takeUsage()),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function serversIn(usage: readonly Usage[]): Figures {
  const servers = usage.filter(({ program }) => program === 'qemu-nbd');
  return servers.length === 0 ? {} : { serverCpu: cpuOf(servers), serverPeak: peakOf(servers) };
}

function cpuOf(usage: readonly Usage[]): number {
  return usage.reduce((sum, { cpu }) => sum + cpu, 0);
}

function peakOf(usage: readonly Usage[]): number {
  return Math.max(...usage.map(({ peak }) => peak));
}

/**
 * Puts a bubblewrap first on the PATH that shows `folder` to what it starts: our own servers see no file but their images,
 * so that they would run without the library that every other program has.
 */
function showInSandbox(folder: string): void {
  const bubblewrap = spawnSync('sh', ['-c', 'command -v bwrap'], { encoding: 'utf8' }).stdout.trim();
  if (bubblewrap === '') return;
  const programs = join(folder, 'programs');
  mkdirSync(programs);
  const script = `#!/bin/sh\nexec '${bubblewrap}' --bind '${folder}' '${folder}' "$@"\n`;
  writeFileSync(join(programs, 'bwrap'), script, { mode: 0o755 });
  process.env.PATH = `${programs}:${process.env.PATH}`;
}

function compile(folder: string): string {
  const args = ['-O2', '-shared', '-fPIC', '-x', 'c', '-', '-o', join(folder, 'preload.so'), '-ldl'];
  const { error, status, stderr } = spawnSync('cc', args, { input: PRELOAD, encoding: 'utf8' });
  if (error !== undefined) return 'there is no C compiler (cc)';
  return status === 0 ? '' : `the C compiler refused it: ${stderr.trim().split('\n').at(-1)}`;
}

/**
 * The environment of programs that are measured: ours, but for a file of certificates. Node 20 reads all of it whenever it
 * starts, which takes as long as the rest of its start, and no peer does.
 */
export function measuredEnvironment(): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  return env;
}

/** Runs a program until it ends, or until `limit` seconds have passed. Rejects when it fails. */
export async function runAlone(
  command: string,
  args: readonly string[],
  limit?: number,
): Promise<'ended' | 'stopped'> {
  const stop = limit === undefined ? {} : { timeout: limit * 1000, killSignal: 'SIGKILL' as const };
  const env = measuredEnvironment();
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env, ...stop });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text;
  });
  const [code] = await once(child, 'close');
  if (limit !== undefined && child.killed) return 'stopped';
  if (code !== 0) throw new Error(`${[command, ...args].join(' ')} ended with ${code}: ${stderr.trim()}`);
  return 'ended';
}

/** The shell joins the program and its reader with a pipe, which Node would make of sockets. */
async function runPiped(command: string, args: readonly string[]): Promise<void> {
  const joined = '{ "$0" "$@" 3>&-; echo $? >&3; } | cat >/dev/null';
  const child = spawn('sh', ['-c', joined, command, ...args], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    env: measuredEnvironment(),
  });
  let code = '';
  child.stdio[3]?.on('data', text => {
    code += text;
  });
  await once(child, 'close');
  if (code.trim() !== '0') throw new Error(`${[command, ...args].join(' ')} ended with ${code.trim()}`);
}

/** Collects garbage and lets the machine come to rest before something is timed in this process. */
export async function settle(): Promise<void> {
  (globalThis as { gc?: () => void }).gc?.();
  await sleep(20);
}

/** CPU time of this process so far in seconds: for what runs in one thread, wall time without the neighbors. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
