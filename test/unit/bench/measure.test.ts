/** Programs that the bench runs end by themselves, are stopped at a limit, or fail. */
import { afterEach, expect, test, vi } from 'vitest';
import { measuredEnvironment, runAlone } from '../../bench/measure.ts';

const node = (code: string, limit?: number) => runAlone(process.execPath, ['-e', code], limit);

afterEach(() => {
  vi.unstubAllEnvs();
});

test('a program that ends before its limit has ended', async () => {
  expect(await node('0', 60)).toBe('ended');
  expect(await node('0')).toBe('ended');
});

test('a program that runs on is stopped at its limit', async () => {
  expect(await node('setInterval(() => {}, 1000)', 0.2)).toBe('stopped');
});

test('a program that fails is an error, with and without a limit', async () => {
  const failing = 'console.error("no such image"); process.exit(3)';
  await expect(node(failing)).rejects.toThrow('ended with 3: no such image');
  await expect(node(failing, 60)).rejects.toThrow('ended with 3: no such image');
});

test('a program that is measured reads no file of certificates, and has the rest of the environment', async () => {
  vi.stubEnv('NODE_EXTRA_CA_CERTS', '/etc/certificates.pem');
  vi.stubEnv('COWSCOPE_TEST', 'kept');
  const { NODE_EXTRA_CA_CERTS, COWSCOPE_TEST } = measuredEnvironment();
  expect([NODE_EXTRA_CA_CERTS, COWSCOPE_TEST]).toEqual([undefined, 'kept']);
  await expect(node('process.exit(process.env.NODE_EXTRA_CA_CERTS === undefined ? 0 : 1)')).resolves.toBe(
    'ended',
  );
});
