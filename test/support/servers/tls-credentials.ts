/** Certificates and keys for tests, made with openssl in the layout that qemu and libnbd expect. */
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runWell } from '../tools.ts';

/** Folders with ca-cert.pem and the certificate and key of each side. */
export interface X509Folders {
  readonly server: string;
  readonly client: string;
  /** A certificate authority that has signed nothing here. */
  readonly stranger: string;
}

/** An authority, a server certificate for `localhost`, 127.0.0.1 and `disk.example`, and a client certificate. */
export async function makeX509(folder: string): Promise<X509Folders> {
  const [authority, server, client, stranger] = ['authority', 'server', 'client', 'stranger'].map(name =>
    join(folder, name),
  ) as [string, string, string, string];
  for (const path of [authority, server, client, stranger]) await mkdir(path);
  for (const path of [authority, stranger]) {
    const subject = ['-subj', '/CN=test authority', '-days', '2', '-nodes'];
    const out = ['-keyout', join(path, 'ca-key.pem'), '-out', join(path, 'ca-cert.pem')];
    await openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', ...subject, ...out);
  }
  await sign(authority, server, 'server', 'subjectAltName=DNS:localhost,DNS:disk.example,IP:127.0.0.1');
  await sign(authority, client, 'client', 'subjectAltName=DNS:client.example');
  return { server, client, stranger };
}

async function sign(
  authority: string,
  folder: string,
  side: 'server' | 'client',
  extension: string,
): Promise<void> {
  const key = join(folder, `${side}-key.pem`);
  const request = join(folder, 'request.pem');
  const extensions = join(folder, 'extensions');
  const usage = `extendedKeyUsage=${side}Auth\nkeyUsage=digitalSignature\nbasicConstraints=CA:FALSE`;
  await writeFile(extensions, `${extension}\n${usage}\n`);
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key];
  await openssl('req', '-new', ...newKey, '-subj', `/CN=${side}`, '-out', request);
  const issuer = [
    '-CA',
    join(authority, 'ca-cert.pem'),
    '-CAkey',
    join(authority, 'ca-key.pem'),
    '-CAcreateserial',
  ];
  const out = ['-out', join(folder, `${side}-cert.pem`), '-days', '2', '-extfile', extensions];
  await openssl('x509', '-req', '-in', request, ...issuer, ...out);
  await copyFile(join(authority, 'ca-cert.pem'), join(folder, 'ca-cert.pem'));
}

async function openssl(...args: readonly string[]): Promise<void> {
  await runWell('openssl', args);
}

/** A folder with keys.psk for some users, readable by its owner alone. The keys are derived from the names. */
export async function makePsk(folder: string, users: readonly string[]): Promise<string> {
  const file = join(folder, 'keys.psk');
  const lines = users.map(user => `${user}:${Buffer.from(user.repeat(32)).subarray(0, 32).toString('hex')}`);
  await writeFile(file, `${lines.join('\n')}\n`);
  await chmod(file, 0o600);
  return file;
}
