/** Real NBD servers of any kind, each on a separate unix socket or loopback port: qemu-nbd with TLS or TCP, nbdkit. */
import { type ChildProcess, spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signalChild } from '../../../electron/qemu/signal-child.ts';
import { temporaryFolder } from '../tools.ts';

/** A running server. */
export interface ServerProcess {
  /** Where it listens, without an export: `host:port` or the path of a socket. */
  readonly place: string;
  /** Its address; with `secure` one that demands TLS. */
  uri(exportName?: string, secure?: boolean): string;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
}

const children = new Set<ChildProcess>();
if (process.env.VITEST) {
  (await import('vitest')).afterAll(() => {
    for (const child of children) signalChild(child, 'SIGKILL');
  });
}

/** qemu-nbd, read-only and for any number of clients. `carrier` says where it listens. */
export function startQemu(
  args: readonly string[],
  carrier: 'unix' | 'tcp' = 'unix',
  command = 'qemu-nbd',
): Promise<ServerProcess> {
  const place = (where: Place) =>
    where.kind === 'unix' ? ['-k', where.path] : ['-b', where.host, '-p', `${where.port}`];
  return start(command, carrier, where => ['-r', '-t', '-e', '0', ...place(where), ...args]);
}

/** nbdkit with a plugin, e.g. `startNbdkit(['memory', '1M'])`. */
export function startNbdkit(
  args: readonly string[],
  carrier: 'unix' | 'tcp' = 'unix',
): Promise<ServerProcess> {
  const place = (where: Place) =>
    where.kind === 'unix' ? ['-U', where.path] : ['-i', where.host, '-p', `${where.port}`];
  return start('nbdkit', carrier, where => ['-f', ...place(where), ...args]);
}

type Place =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

async function start(
  command: string,
  carrier: 'unix' | 'tcp',
  argsFor: (where: Place) => string[],
): Promise<ServerProcess> {
  const where: Place =
    carrier === 'unix'
      ? { kind: 'unix', path: join(temporaryFolder(), 's') }
      : { kind: 'tcp', host: '127.0.0.1', port: await freePort() };
  const child = spawn(command, argsFor(where), { stdio: ['ignore', 'ignore', 'pipe'] });
  children.add(child);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr = (stderr + text).slice(-65_536);
  });
  const ended = new Promise<void>(resolve => {
    child.once('error', error => {
      stderr += error.message;
      resolve();
    });
    child.once('close', () => resolve());
  });
  void ended.then(() => children.delete(child));
  const giveUp = Date.now() + 10_000;
  while (!(await greets(where))) {
    if (
      child.pid === undefined ||
      child.exitCode !== null ||
      child.signalCode !== null ||
      Date.now() > giveUp
    ) {
      signalChild(child, 'SIGKILL');
      await ended;
      throw new Error(`${command} did not start: ${stderr}`);
    }
    await sleep(5);
  }
  const place = where.kind === 'unix' ? where.path : `${where.host}:${where.port}`;
  return {
    place,
    uri: (exportName = '', secure = false) => {
      const name = encodeURIComponent(exportName);
      const scheme = secure ? 'nbds' : 'nbd';
      return where.kind === 'unix'
        ? `${scheme}+unix:///${name}?socket=${place}`
        : `${scheme}://${place}/${name}`;
    },
    async kill() {
      signalChild(child, 'SIGKILL');
      await ended;
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** True when a server has said its first word there. */
function greets(where: Place): Promise<boolean> {
  return new Promise(resolve => {
    const link = where.kind === 'unix' ? connect(where.path) : connect(where.port, where.host);
    const settle = (heard: boolean) => {
      link.destroy();
      resolve(heard);
    };
    link.setTimeout(5000, () => settle(false));
    link.once('data', () => settle(true));
    link.once('error', () => settle(false));
    link.once('end', () => settle(false));
  });
}
