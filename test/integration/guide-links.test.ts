/** The examples of docs/guide/links.md print what they say. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CLI } from '../support/cli.ts';
import { run, temporaryFolder } from '../support/tools.ts';

it('prints what docs/guide/links.md says, command by command', async () => {
  const guide = await readFile('docs/guide/links.md', 'utf8');
  const blocks = [...guide.matchAll(/```console\n(.*?)```/gs)].map(match => match[1] ?? '');
  expect(blocks.length).toBeGreaterThan(5);
  const folder = join(temporaryFolder(), 'images');
  await mkdir(folder);
  const { NO_COLOR, FORCE_COLOR, COLUMNS, ...env } = process.env;
  for (const block of blocks) {
    const lines = block.split('\n').filter(line => line.startsWith('$ '));
    const program = `cowscope() { '${process.execPath}' '${CLI}' "$@"; }`;
    let printed = '';
    for (const line of lines) {
      const command = line.slice(2).replaceAll('/images/', `${folder}/`);
      const { stdout } = await run('sh', ['-c', `${program}; ( ${command} ) 2>&1`], { cwd: folder, env });
      printed += `${line}\n${stdout.replaceAll(folder, '/images')}`;
    }
    expect(printed).toBe(block);
  }
});
