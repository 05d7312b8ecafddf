/**
 * What a program and all that it starts ask the system's network for, as strace -f -yy -e trace=network writes it down:
 * each descriptor with its protocol and both ends.
 */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Options of strace for a trace that {@link networkUse} reads. */
export const TRACE_NETWORK = ['-f', '-yy', '-qq', '-s', '16', '-e', 'trace=network'] as const;

/** A program in `folder` that is the traced form of `program`, under the same process number, and its log. */
export function tracedProgram(
  program: string,
  folder: string,
): { readonly path: string; readonly log: string } {
  const path = join(folder, 'traced');
  const log = join(folder, 'calls');
  writeFileSync(log, '');
  // -D: the program stays the process that was started, so that it is ended as ever.
  writeFileSync(path, `#!/bin/sh\nexec strace -D ${TRACE_NETWORK.join(' ')} -o '${log}' '${program}' "$@"\n`);
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
