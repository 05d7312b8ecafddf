/**
 * Programs that are started by strace with all that they start: what they ask the system's network for, each descriptor
 * with its protocol and both ends; or reads of a file held up.
 */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Options of strace for a trace that {@link networkUse} reads. */
const TRACE_NETWORK = ['-f', '-yy', '-qq', '-s', '16', '-e', 'trace=network'] as const;

/** Milliseconds that a read takes which is held up: longer than the test looks at the program. */
export const STALL_MS = 20_000;

/** A program that starts another one under strace, with the same process number, and the log of its calls. */
export interface TracedProgram {
  readonly path: string;
  readonly log: string;
}

/** A program in `folder` that starts `program`, and notes what it asks of the network. */
export function tracedProgram(program: string, folder: string): TracedProgram {
  return startedBy(TRACE_NETWORK, program, folder);
}

/**
 * A program in `folder` that starts `program`, whose reads of `file` take {@link STALL_MS}, from the `first`th of each
 * thread on, as they do on a file system whose server does not answer.
 */
export function stalledProgram(program: string, folder: string, file: string, first: number): TracedProgram {
  const calls = 'pread64,preadv';
  const delay = `inject=${calls}:delay_enter=${STALL_MS * 1000}:when=${first}+`;
  return startedBy(['-f', '-qq', '-P', `'${file}'`, '-e', `trace=${calls}`, '-e', delay], program, folder);
}

function startedBy(options: readonly string[], program: string, folder: string): TracedProgram {
  const path = join(folder, 'traced');
  const log = join(folder, 'calls');
  writeFileSync(log, '');
  // -D: the program stays the process that was started, so that it is ended as ever.
  writeFileSync(path, `#!/bin/sh\nexec strace -D ${options.join(' ')} -o '${log}' '${program}' "$@"\n`);
  chmodSync(path, 0o755);
  return { path, log };
}

/** What a trace shows. */
export interface NetworkUse {
  /** Calls that reach for another machine, or for this one over IP: connects, and anything that is sent. */
  readonly network: readonly string[];
  /** Of these, such as put bytes on a wire: UDP that was only given an address sends nothing. */
  readonly wire: readonly string[];
  /** Paths of the sockets of this machine that were connected to; `@` for those without a file. */
  readonly local: readonly string[];
}

/** Reads a log whose program has ended. */
export async function networkUse(log: string): Promise<NetworkUse> {
  let lines = linesOf(log);
  // strace itself may be a moment behind the program.
  for (let before = -1; lines.length !== before; lines = linesOf(log)) {
    before = lines.length;
    await sleep(200);
  }
  const calls = lines.filter(line => /\b(?:connect|sendto|sendmsg|sendmmsg)\(/.test(line));
  // The debugger's own connection (Playwright) comes in from this machine.
  const network = calls.filter(
    line => reachesOut(line) && !/<TCP(?:v6)?:\[(?:127\.0\.0\.1|\[::1\]):/.test(line),
  );
  const local = calls.flatMap(
    line => /\bconnect\(.*sun_path=(@?)"([^"]*)"/.exec(line)?.slice(1).join('') ?? [],
  );
  return { network, wire: network.filter(isOnTheWire), local: [...new Set(local)].sort() };
}

function linesOf(log: string): string[] {
  return readFileSync(log, 'utf8').split('\n');
}

function reachesOut(line: string): boolean {
  return /sa_family=AF_INET/.test(line) || /\bsend\w*\(\d+<(?:TCP|UDP|ICMP|RAW|PACKET)/.test(line);
}

function isOnTheWire(line: string): boolean {
  return /\bsend\w*\(/.test(line) || /\bconnect\(\d+<TCP/.test(line);
}
