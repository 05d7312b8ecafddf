/** What a session may open: external data files and key files only with consent, and secrets nowhere. */
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findQemuNbd } from '../../electron/qemu/tools.ts';
import type { ChainSession } from '../../electron/service/chain-session.ts';
import { listNbdExports } from '../../electron/service/nbd/nbd-exports.ts';
import { recentTarget } from '../../electron/shell/stored/recent.ts';
import { type ServerProcess, startQemu } from '../support/servers/nbd-server-process.ts';
import { makePsk, makeX509, type X509Folders } from '../support/servers/tls-credentials.ts';
import { mapRows, openTarget } from '../support/session.ts';
import { qemuImg, qemuIo, runWell, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();
const nothing = { allow: [], allowAll: false };
const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function opened(...args: Parameters<typeof openTarget>): Promise<ChainSession> {
  const session = await openTarget(...args);
  ends.push(() => session.close());
  return session;
}

describe('an image with an external data file', () => {
  const image = join(folder, 'image.qcow2');
  const data = join(folder, 'data.raw');
  const decoy = join(folder, 'decoy.raw');
  const log = join(folder, 'started');
  const usual = process.env.COWSCOPE_QEMU_NBD;
  let inodes: number[];

  beforeAll(async () => {
    await qemuImg('create', '-q', '-f', 'qcow2', '-o', `data_file=${data}`, image, '1M');
    await qemuIo(image, 'write -P1 64k 64k', 'flush');
    await writeFile(decoy, 'not this one');
    inodes = await Promise.all([image, data].map(async path => (await stat(path)).ino));
  });
  afterEach(() => {
    if (usual === undefined) delete process.env.COWSCOPE_QEMU_NBD;
    else process.env.COWSCOPE_QEMU_NBD = usual;
  });

  /** What is started instead of a qemu-nbd that is to serve: `script` with the arguments, and the real one as $REAL. */
  async function startInstead(script: string): Promise<void> {
    const path = join(folder, 'watched-qemu-nbd');
    const real = (await findQemuNbd())?.path;
    const lines = ['#!/bin/sh', `REAL='${real}'`, `case "$*" in *--version*) ;; *) ${script} ;; esac`];
    await writeFile(path, `${lines.join('\n')}\nexec "$REAL" "$@"\n`);
    await chmod(path, 0o755);
    await writeFile(log, '');
    process.env.COWSCOPE_QEMU_NBD = path;
  }

  /** Has every qemu-nbd that serves write down its arguments and the inodes it was given, before it is qemu-nbd. */
  async function watchStarts(): Promise<() => Promise<string>> {
    await startInstead(`{ echo "$*"; stat -L -c %i /proc/$$/fd/3 /proc/$$/fd/4; } >> '${log}'`);
    return () => readFile(log, 'utf8');
  }

  /** Has the system write down every file that a qemu-nbd opens, from its first instruction to its end. */
  async function traceOpens(): Promise<() => Promise<readonly TracedOpen[]>> {
    const calls = 'open,openat,openat2,creat,open_by_handle_at';
    // -D: qemu-nbd stays the process that was started, so that it is ended as ever.
    await startInstead(`exec strace -D -f -y -s 4096 -e trace=${calls} -o '${log}' "$REAL" "$@"`);
    return async () => {
      let text = '';
      while (!/\+\+\+ (exited|killed)[^\n]*\n$/.test(text)) {
        await sleep(5);
        text = await readFile(log, 'utf8');
      }
      return openedIn(text);
    };
  }

  it.each(['nbd', 'both'] as const)('starts no child before there is consent (%s)', async witness => {
    const started = await watchStarts();
    const session = await opened({ kind: 'files', files: [image] }, { witness, consent: nothing });
    const failed = await session.fed();
    expect(failed.map(({ error }) => error.code)).toEqual(
      witness === 'nbd' ? ['QEMU_DATA_FILE_CONSENT'] : [],
    );
    session.retry();
    await session.fed();
    expect(session.chain.layers[0]?.dataFile?.status).toBe('needsConsent');
    await sleep(50);
    expect(await started()).toBe('');
  });

  it.each(['nbd', 'both'] as const)(
    'gives the child that file and no other with consent (%s)',
    async witness => {
      const started = await watchStarts();
      const consent = { allow: [data], allowAll: false };
      const session = await opened({ kind: 'files', files: [image] }, { witness, consent });
      const rows = await mapRows(session);
      expect(rows.map(({ start, owner }) => [start, owner])).toContainEqual([65_536, 0]);
      const [args, ...files] = (await started()).trim().split('\n');
      expect(files.map(Number)).toEqual(inodes);
      expect(args).not.toContain(folder);
    },
  );

  it.each(['nbd', 'both'] as const)(
    'is opened by the child, the image too, and nothing else that is not the system’s (%s)',
    async witness => {
      const traced = await traceOpens();
      const consent = { allow: [data], allowAll: false };
      const session = await openTarget({ kind: 'files', files: [image] }, { witness, consent });
      expect(await session.fed()).toEqual([]);
      await session.close();
      const opens = await traced();
      expect(opens.length).toBeGreaterThan(10); // libraries at least
      const own = opens.filter(({ file }) => !SYSTEM_FILE.test(file));
      expect(new Set(own.map(({ file }) => file))).toEqual(new Set([image, data]));
      for (const { name, flags } of own) {
        expect(name).toMatch(/^\/dev\/fd\/[34]$/); // never by a name that may be given to another file
        expect(flags).toMatch(/^O_RDONLY\b/);
      }
    },
  );

  it('never opens another file that took its name', async () => {
    const started = await watchStarts();
    const consent = { allow: [data], allowAll: false };
    const session = await opened({ kind: 'files', files: [image] }, { witness: 'nbd', consent });
    await runWell('mv', [data, join(folder, 'moved.raw')]);
    await runWell('cp', [decoy, data]);
    expect(await session.fed()).toEqual([]);
    expect((await stat(data)).ino).not.toBe(inodes[1]);
    const [, ...files] = (await started()).trim().split('\n');
    expect(files.map(Number)).toEqual(inodes);
  });
});

/** A call that opened a file, or tried to. */
interface TracedOpen {
  /** The name it gave. */
  readonly name: string;
  readonly flags: string;
  /** The file it got; the name where it got none. */
  readonly file: string;
}

/** What belongs to the system: programs and libraries, their settings, devices, what the kernel tells. */
const SYSTEM_FILE = /^\/(usr|lib|lib64|etc|proc|sys|dev)\//;

/** The opens in what strace -y wrote; a call that another thread has cut in two is put together. Throws on what is none of that. */
function openedIn(trace: string): TracedOpen[] {
  const unfinished = new Map<string, string>();
  const opens: TracedOpen[] = [];
  for (const line of trace.trimEnd().split('\n')) {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (/^(\+\+\+|---)/.test(rest)) continue;
    const begun = /^(.*?) *<unfinished \.\.\.>$/.exec(rest)?.[1];
    if (begun !== undefined) {
      unfinished.set(thread, begun);
      continue;
    }
    const call = rest.replace(/^<\.\.\. \w+ resumed>/, () => unfinished.get(thread) ?? '');
    const [, name, flags, got] = /^open\w*\((?:\S+, )?"(.*?)", (\S+?)(?:, \d+)?\) += (.*)$/.exec(call) ?? [];
    if (name === undefined || flags === undefined) throw new Error(`not an open: ${line}`);
    opens.push({ name, flags, file: /^\d+<(.*)>$/.exec(got ?? '')?.[1] ?? name });
  }
  return opens;
}

describe('TLS', () => {
  const disk = join(folder, 'disk.qcow2');
  let x509: X509Folders;
  let psk: string;
  let key: string;

  beforeAll(async () => {
    x509 = await makeX509(folder);
    psk = await makePsk(folder, ['alice']);
    key = (await readFile(psk, 'utf8')).split(':')[1]?.trim() ?? '';
    expect(key).toHaveLength(64);
    await qemuImg('create', '-q', '-f', 'qcow2', disk, '1M');
    await qemuIo(disk, 'write -P1 64k 64k', 'flush');
  });

  async function serve(credentials: string): Promise<ServerProcess> {
    const object = `${credentials},id=tls0,endpoint=server`;
    const server = await startQemu(
      ['-A', '--object', object, '--tls-creds', 'tls0', '-f', 'qcow2', disk],
      'tcp',
    );
    ends.push(() => server.kill());
    return server;
  }
  const pskUri = (server: ServerProcess, file = psk) =>
    `${server.uri('', true).replace('://', '://alice@')}?tls-psk-file=${file}`;

  async function showsDisk(session: ChainSession): Promise<void> {
    const rows = await mapRows(session);
    expect(rows.map(({ start, state }) => [start, state])).toEqual([
      [0, 'unallocated'],
      [65_536, 'data'],
      [131_072, 'unallocated'],
    ]);
  }

  /** Everything of a session that is shown, listed or kept somewhere. */
  const told = (session: ChainSession, uri: string) =>
    JSON.stringify([session.chain, session.tracks, session.unreadable(), recentTarget({ kind: 'nbd', uri })]);

  it('with a pre-shared key works and leaves nothing secret anywhere', async () => {
    const server = await serve(`tls-creds-psk,dir=${folder}`);
    const uri = pskUri(server);
    const session = await opened({ kind: 'nbd', uri }, { allowLocalFiles: true });
    await showsDisk(session);
    for (const secret of [key, 'alice', psk]) expect(told(session, uri)).not.toContain(secret);
    expect(process.argv.join(' ')).not.toContain(key);
  });

  it('with X.509 works and tells nothing of the certificates', async () => {
    const server = await serve(`tls-creds-x509,dir=${x509.server},verify-peer=on`);
    const uri = `${server.uri('', true)}?tls-certificates=${x509.client}&tls-hostname=disk.example`;
    const session = await opened({ kind: 'nbd', uri }, { allowLocalFiles: true });
    await showsDisk(session);
    expect(told(session, uri)).not.toContain(x509.client);
  });

  it('with a wrong key ends in a coded error without the key', async () => {
    const server = await serve(`tls-creds-psk,dir=${folder}`);
    const wrong = join(folder, 'wrong.psk');
    await writeFile(wrong, `alice:${'ab'.repeat(32)}\n`, { mode: 0o600 });
    const error = await openTarget(
      { kind: 'nbd', uri: pskUri(server, wrong) },
      { allowLocalFiles: true },
    ).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'NBD_TLS_FAILED' });
    const { code, what, subject, advice, stack } = error as Record<string, string>;
    expect([code, what, subject, advice, stack].join()).not.toMatch(/(?:ab){32}|alice/);
  });

  it.each(['tls-psk-file', 'tls-certificates'])(
    '%s of an address from the window is not read without consent',
    async name => {
      const file = name === 'tls-psk-file' ? psk : x509.client;
      const server = await serve(
        name === 'tls-psk-file'
          ? `tls-creds-psk,dir=${folder}`
          : `tls-creds-x509,dir=${x509.server},verify-peer=on`,
      );
      const user = name === 'tls-psk-file' ? '://alice@' : '://';
      const uri = `${server.uri('', true).replace('://', user)}?${name}=${file}`;
      const refused = expect.objectContaining({ code: 'NBD_URI_LOCAL_FILE' });
      await expect(openTarget({ kind: 'nbd', uri }, { consent: nothing })).rejects.toEqual(refused);
      await expect(listNbdExports(uri)).rejects.toEqual(refused);
      const consent = { allow: [file], allowAll: false };
      await showsDisk(await opened({ kind: 'nbd', uri }, { consent }));
      expect(await listNbdExports(uri, { consent })).toMatchObject([{ name: '', size: 2 ** 20 }]);
      expect(await listNbdExports(uri, { allowLocalFiles: true })).toHaveLength(1);
    },
  );

  it('secrets in an address that cannot be used are not repeated', async () => {
    const uris = [
      'nbd+vsock://me:hunter2@1:10809/',
      'nbd://me:hunter2@host/',
      'nbd://host/?password=hunter2',
    ];
    for (const uri of uris) {
      const error = await openTarget({ kind: 'nbd', uri }).catch((thrown: unknown) => thrown);
      const { code, what, subject, advice } = error as Record<string, string>;
      expect(code).toMatch(/^NBD_URI_/);
      expect([what, subject, advice].join()).not.toContain('hunter2');
    }
  });
});
