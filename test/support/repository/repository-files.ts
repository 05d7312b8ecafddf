/** The files of the repository, as git would list them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');

/** Paths of every file that belongs to the repository: all but git's own folder and what .gitignore names. */
export function repositoryFiles(): string[] {
  const ignored = readFileSync(join(root, '.gitignore'), 'utf8').split('\n');
  const isIgnored = (path: string, name: string) =>
    name === '.git' ||
    ignored.some(
      line => line === `${name}/` || line === `${path}/` || line === `*${name.slice(name.lastIndexOf('.'))}`,
    );
  const list = (folder: string): string[] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap(entry => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (isIgnored(path, entry.name)) return [];
      return entry.isDirectory() ? list(path) : [path];
    });
  return list('');
}
