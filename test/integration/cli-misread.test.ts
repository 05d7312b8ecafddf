/** `cowscope misread` as a person and a program run it. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codesOf, cowscope, cowscopeJson } from '../support/cli.ts';
import { goldenChain } from '../support/images/chains.ts';
import { schemaErrors } from '../support/json-schema.ts';
import { temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();
const schema = JSON.parse(
  await readFile(new URL('../../docs/formats/misread.schema.json', import.meta.url), 'utf8'),
);

async function goldenTop(name: string): Promise<string> {
  await mkdir(join(folder, name));
  const paths = await goldenChain(join(folder, name));
  return paths[2]!;
}

describe('cowscope misread', () => {
  it('prints a document that its schema describes', async () => {
    const top = await goldenTop('json');
    for (const reader of ['hole-bit', 'offset-only', 'allocated']) {
      const document = await cowscopeJson(['misread', '--reader', reader, '--output', 'json', top]);
      expect(schemaErrors(schema, document)).toEqual([]);
      expect(document).toMatchObject({ reader, layers: [{ index: 0 }, { index: 1 }, { index: 2 }] });
      expect(document.rows.length).toBeGreaterThan(0);
    }
  });

  it('prints rows of comma-separated values, and text with sums', async () => {
    const top = await goldenTop('text');
    const csv = await cowscope(['misread', '--output', 'csv', top]);
    expect(csv.stdout).toBe('layer,start,length,reads\n1,196608,196608,below\n');
    const text = await cowscope(['misread', top]);
    expect(text.stdout).toContain('mid.qcow2: older data of the layers below in place of zeros');
    expect(text.stdout).toContain('192 KiB in 1 range\n');
  });

  it('says that nothing is misread of a base alone', async () => {
    const top = await goldenTop('base');
    const { stdout, code } = await cowscope(['misread', join(top, '../base.qcow2')]);
    expect([code, stdout.endsWith('  nothing\n')]).toEqual([0, true]);
  });

  it('refuses an NBD address, whose layers are not known', async () => {
    const result = await cowscope(['misread', 'nbd://localhost/disk']);
    expect(result.code).toBe(64);
    expect(codesOf(result)).toEqual(['USAGE']);
  });
});
