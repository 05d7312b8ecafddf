/** Where paths lead by what a scan found is where the system's own look-up ends. */
import { mkdirSync, realpathSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shownPath, toBytePath } from '../../electron/chain/byte-path.ts';
import { resolvePath } from '../../electron/chain/store/resolve-path.ts';
import { scanFolders } from '../../electron/chain/store/scan-folders.ts';
import { temporaryFolder } from '../support/tools.ts';

const name = fc.constantFrom('a', 'b', 'c');
const step = fc.constantFrom('a', 'b', 'c', '..', '.', 'none');
const path = fc.array(step, { minLength: 1, maxLength: 6 }).map(names => names.join('/'));
const entry = fc.oneof(
  fc.record({ kind: fc.constant('folder' as const), at: fc.array(name, { minLength: 1, maxLength: 3 }) }),
  fc.record({ kind: fc.constant('file' as const), at: fc.array(name, { minLength: 1, maxLength: 3 }) }),
  fc.record({
    kind: fc.constant('link' as const),
    at: fc.array(name, { minLength: 1, maxLength: 3 }),
    target: path,
  }),
);

/** Folders of nothing else above the one that is scanned: no path of this test leads out of them. */
const ABOVE = Array.from({ length: 12 }, () => 'above');

/** What the system says lies at a path. */
function bySystem(full: string): { kind: string; path: string } {
  try {
    return { kind: statSync(full).isFile() ? 'file' : 'folder', path: realpathSync(full) };
  } catch {
    return { kind: 'missing', path: '' };
  }
}

test('a path leads to the same file as by the system, through links and back', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(entry, { minLength: 1, maxLength: 12 }),
      fc.array(path, { minLength: 1, maxLength: 10 }),
      async (entries, asked) => {
        const root = join(temporaryFolder(), ...ABOVE);
        mkdirSync(root, { recursive: true });
        for (const made of entries) {
          const full = join(root, ...made.at);
          try {
            if (made.kind === 'folder') mkdirSync(full, { recursive: true });
            else if (made.kind === 'file') writeFileSync(full, full, { flag: 'wx' });
            else symlinkSync(made.target, full);
          } catch {
            // its folder is not there, or something has that name
          }
        }
        const { found } = await scanFolders({ roots: [root] });
        for (const way of asked) {
          const full = `${root}/${way}`;
          const ours = resolvePath(toBytePath(full), found);
          const theirs = bySystem(full);
          if (ours.kind === 'file')
            expect([way, 'file', shownPath(ours.file.path)]).toEqual([way, theirs.kind, theirs.path]);
          // What lies above the folder was not scanned, and a path that leads back in from there is followed.
          else if (ours.kind === 'notAFile') expect([way, theirs.kind]).toEqual([way, 'folder']);
          else if (ours.kind === 'missing') expect([way, theirs.kind]).toEqual([way, 'missing']);
          else expect([way, theirs.kind]).not.toEqual([way, 'file']);
        }
      },
    ),
    { numRuns: 60 },
  );
});
