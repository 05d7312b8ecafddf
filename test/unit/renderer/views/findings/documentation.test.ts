import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadEntries, parseEntries } from '../../../../../renderer/views/findings/documentation.ts';

const page = readFileSync('docs/findings.md', 'utf8');

test('every entry of the page is parsed with all its fields, and holds no links', () => {
  const entries = parseEntries(page);
  expect([...entries.keys()]).toEqual([...page.matchAll(/^### (\w+)$/gm)].map(match => match[1]));
  expect(entries.size).toBeGreaterThan(50);
  for (const entry of entries.values())
    for (const text of Object.values(entry)) expect(text).toMatch(/^[^\]]*\.?$/);
  expect(entries.get('QCOW2_LEAKED')?.meaning).toMatch(/^\w.*\.$/);
  for (const { meaning, cause, risk, qemu, do: next } of entries.values())
    for (const text of [meaning, cause, risk, qemu, next]) expect(text).not.toBe('');
});

test('the page that is loaded with the window is the same', async () => {
  expect(await loadEntries()).toEqual(parseEntries(page));
});
