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

test('an entry that refers to another one says what that says', () => {
  const entries = parseEntries(page);
  const link = entries.get('QCOW2_CROSS_LINK');
  expect(page).toContain('- **cause**: as for QCOW2_CROSS_LINK.');
  for (const code of ['QCOW2_DATA_ON_METADATA', 'QCOW2_BITMAP_OVERLAP'])
    expect(entries.get(code)?.cause).toBe(link?.cause);
  const zero = entries.get('QCOW2_REFCOUNT_ZERO')?.cause.replace(/\.$/, '');
  expect(entries.get('QCOW2_REFCOUNT_LOW')?.cause).toMatch(new RegExp(`^${zero}, or an entry`));
  for (const { cause, risk, qemu, do: next } of entries.values())
    for (const text of [cause, risk, qemu, next]) expect(text).not.toMatch(/^as for [A-Z]\w+[.,]/);
});
