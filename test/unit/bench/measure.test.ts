/** Programs that the bench runs end by themselves, are stopped at a limit, or fail. */
import { expect, test } from 'vitest';
import { runAlone } from '../../bench/measure.ts';

const node = (code: string, limit?: number) => runAlone(process.execPath, ['-e', code], limit);

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
