/** TLS with real servers: who is believed, and that there is no way around it. */
import { chmod, mkdir } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectNbd, type NbdConnection } from '../../../electron/nbd/client/client.ts';
import { listExports } from '../../../electron/nbd/client/list-exports.ts';
import { parseNbdUri } from '../../../electron/nbd/uri.ts';
import { nbdinfoExtents, plainExtents, walkAll } from '../../support/nbd-status.ts';
import { type ServerProcess, startNbdkit, startQemu } from '../../support/servers/nbd-server-process.ts';
import { makePsk, makeX509, type X509Folders } from '../../support/servers/tls-credentials.ts';
import { qemuImg, qemuIo, temporaryFolder } from '../../support/tools.ts';

const folder = temporaryFolder();
const image = join(folder, 'disk.qcow2');
let x509: X509Folders;
let psk: string;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  x509 = await makeX509(folder);
  psk = await makePsk(folder, ['alice', 'bob']);
  await qemuImg('create', '-q', '-f', 'qcow2', image, '1M');
  await qemuIo(image, 'write -P1 64k 64k', 'flush');
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const code = (name: string) => expect.objectContaining({ code: name });

function qemu(carrier: 'unix' | 'tcp', credentials: string): Promise<ServerProcess> {
  const object = `${credentials},id=tls0,endpoint=server`;
  return startQemu(['--object', object, '--tls-creds', 'tls0', '-f', 'qcow2', image], carrier);
}
const withX509 = (carrier: 'unix' | 'tcp', verifyPeer: 'on' | 'off') =>
  qemu(carrier, `tls-creds-x509,dir=${x509.server},verify-peer=${verifyPeer}`);
const withPsk = (carrier: 'unix' | 'tcp') => qemu(carrier, `tls-creds-psk,dir=${folder}`);

async function kept(starting: Promise<ServerProcess>): Promise<ServerProcess> {
  const server = await starting;
  stops.push(() => server.kill());
  return server;
}

/** Connects with TLS; `more` are further keys of the address. */
async function secured(server: ServerProcess, more: string, user = ''): Promise<NbdConnection> {
  const uri = server.uri('', true);
  const named = user === '' ? uri : uri.replace('://', `://${user}@`);
  const address = parseNbdUri(`${named}${uri.includes('?') ? '&' : '?'}${more}`, { allowLocalFiles: true });
  const connection = await connectNbd(address);
  stops.push(() => connection.close());
  return connection;
}

async function expectWorks(connection: NbdConnection): Promise<void> {
  expect(connection.encrypted).toBe(true);
  expect(plainExtents(await walkAll(connection), 0).map(({ offset, flags }) => [offset, flags])).toEqual([
    [0, 3],
    [65_536, 0],
    [131_072, 3],
  ]);
  expect((await connection.read(65_536, 65_536)).every(byte => byte === 1)).toBe(true);
}

describe.each(['unix', 'tcp'] as const)('X.509 over %s', carrier => {
  it('works with a certificate that is believed', async () => {
    const server = await kept(withX509(carrier, 'on'));
    await expectWorks(await secured(server, `tls-certificates=${x509.client}&tls-hostname=disk.example`));
    await expectWorks(await secured(server, `tls-certificates=${x509.client}`)); // localhost or 127.0.0.1
  });

  it('works without a certificate of our own where the server asks for none', async () => {
    const server = await kept(withX509(carrier, 'off'));
    await expectWorks(
      await secured(server, `tls-certificates=${x509.stranger.replace('stranger', 'server')}`),
    );
  });

  it('believes neither an unknown authority nor another name', async () => {
    const server = await kept(withX509(carrier, 'off'));
    await expect(secured(server, `tls-certificates=${x509.stranger}`)).rejects.toThrow(
      code('NBD_TLS_UNTRUSTED'),
    );
    await expect(secured(server, 'tls-type=x509')).rejects.toThrow(code('NBD_TLS_UNTRUSTED'));
    await expect(
      secured(server, `tls-certificates=${x509.client}&tls-hostname=other.example`),
    ).rejects.toThrow(code('NBD_TLS_UNTRUSTED'));
  });

  it('accepts any certificate only with tls-verify-peer=0', async () => {
    const server = await kept(withX509(carrier, 'off'));
    await expectWorks(await secured(server, `tls-certificates=${x509.stranger}&tls-verify-peer=0`));
  });

  it('fails where the server wants a certificate and gets none', async () => {
    const server = await kept(withX509(carrier, 'on'));
    const connecting = secured(server, `tls-certificates=${x509.stranger}&tls-verify-peer=0`);
    await expect(connecting).rejects.toThrow(/^NBD_(TLS_FAILED|LOST)/);
  });
});

describe.each(['unix', 'tcp'] as const)('pre-shared keys over %s', carrier => {
  it('work', async () => {
    const server = await kept(withPsk(carrier));
    await expectWorks(await secured(server, `tls-psk-file=${psk}`, 'alice'));
    await expectWorks(await secured(server, `tls-type=psk&tls-psk-file=${psk}`, 'bob'));
    await expectWorks(await secured(server, `tls-psk-file=${psk}`));
  });

  it('fail with a wrong key', async () => {
    const server = await kept(withPsk(carrier));
    const other = join(folder, `other-${carrier}`);
    await mkdir(other);
    const wrong = await makePsk(other, ['mallory']);
    await expect(secured(server, `tls-psk-file=${wrong}`, 'mallory')).rejects.toThrow(code('NBD_TLS_FAILED'));
  });

  it('fail against a server with certificates, and the other way round', async () => {
    await expect(secured(await kept(withX509(carrier, 'off')), `tls-psk-file=${psk}`)).rejects.toThrow(
      code('NBD_TLS_FAILED'),
    );
    await expect(secured(await kept(withPsk(carrier)), `tls-certificates=${x509.client}`)).rejects.toThrow(
      code('NBD_TLS_FAILED'),
    );
  });
});

describe('key files', () => {
  it('are refused when others may read them', async () => {
    const open = join(folder, 'open');
    await mkdir(open);
    const file = await makePsk(open, ['alice']);
    await chmod(file, 0o644);
    const server = await kept(withPsk('unix'));
    const connecting = secured(server, `tls-psk-file=${file}`);
    await expect(connecting).rejects.toThrow(code('NBD_TLS_CREDENTIALS'));
    await expect(connecting).rejects.toThrow('chmod 600');
  });

  it('are refused when they are missing or hold no key for the user', async () => {
    const server = await kept(withPsk('unix'));
    for (const [more, user] of [
      [`tls-psk-file=${folder}/gone`, ''],
      [`tls-psk-file=${psk}`, 'carol'],
      [`tls-psk-file=${image}`, ''],
      ['tls-type=psk', ''],
      [`tls-certificates=${folder}/gone`, ''],
    ] as const) {
      await expect(secured(server, more, user)).rejects.toThrow(code('NBD_TLS_CREDENTIALS'));
    }
  });

  it('never show up in an error', async () => {
    const server = await kept(withX509('unix', 'off'));
    const error = await secured(server, `tls-psk-file=${psk}`, 'alice').catch(thrown => thrown);
    expect(JSON.stringify(error) + error.message).not.toMatch(/616c696365|keys\.psk|alice/);
  });
});

describe('plain text', () => {
  it('is refused by a TLS server, and we say so', async () => {
    const server = await kept(withPsk('unix'));
    await expect(connectNbd(parseNbdUri(server.uri()))).rejects.toThrow(code('NBD_TLS_REQUIRED'));
    await expect(listExports(parseNbdUri(server.uri()))).rejects.toThrow(code('NBD_TLS_REQUIRED'));
  });

  it('is never gone back to', async () => {
    const server = await kept(startQemu(['-f', 'qcow2', image]));
    await expect(secured(server, `tls-certificates=${x509.client}`)).rejects.toThrow(
      code('NBD_TLS_UNAVAILABLE'),
    );
  });

  it('sends nothing in plain text once TLS has begun', async () => {
    const server = await kept(withPsk('unix'));
    const seen: Buffer[] = [];
    const path = join(folder, 'between');
    const between = createServer(client => {
      const upstream = connect(server.place);
      client.on('data', bytes => {
        seen.push(bytes);
        upstream.write(bytes);
      });
      upstream.on('data', bytes => client.write(bytes));
      client.on('close', () => upstream.destroy()).on('error', () => {});
      upstream.on('close', () => client.destroy()).on('error', () => {});
    });
    await new Promise<void>(resolve => {
      between.listen(path, resolve);
    });
    stops.push(() => new Promise(resolve => void between.close(() => resolve())));
    const uri = `nbds+unix:///secret-name?socket=${path}&tls-psk-file=${psk}`;
    const connecting = connectNbd(parseNbdUri(uri, { allowLocalFiles: true }));
    await expect(connecting).rejects.toThrow(code('NBD_EXPORT_UNKNOWN'));
    const sent = Buffer.concat(seen);
    expect(sent.subarray(0, 20).toString('hex')).toBe('0000000349484156454f50540000000500000000');
    expect(sent.includes('secret-name')).toBe(false);
  });
});

describe('nbdkit with TLS', () => {
  it('lists and serves', async () => {
    const server = await kept(startNbdkit(['--tls=require', `--tls-psk=${psk}`, 'memory', '1M']));
    const uri = `${server.uri('', true)}&tls-psk-file=${psk}`;
    const address = parseNbdUri(uri.replace('://', '://alice@'), { allowLocalFiles: true });
    const { exports, encrypted } = await listExports(address);
    expect([encrypted, exports[0]?.facts?.contexts]).toEqual([true, ['base:allocation']]);
    const connection = await secured(server, `tls-psk-file=${psk}`, 'alice');
    const theirs = await nbdinfoExtents(uri.replace('://', '://alice@'), 'base:allocation');
    expect(plainExtents(await walkAll(connection), 0)).toEqual(theirs);
  });
});
