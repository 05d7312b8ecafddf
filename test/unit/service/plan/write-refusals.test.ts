/** Which files may not be written to, compared with what the system says to a program that opens them for writing. */
import { chmod, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { refusalReason } from '../../../../electron/service/plan/write-refusals.ts';
import { temporaryFolder } from '../../../support/tools.ts';

const folder = temporaryFolder();

/** The code of the error with which a file is not opened for writing; root may open nearly every file. */
async function writeError(path: string): Promise<string | undefined> {
  try {
    await (await open(path, 'r+')).close();
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

it.each([0o644, 0o444, 0o400])('says of a file of mode %o what its opening for writing says', async mode => {
  const path = join(folder, `mode-${mode.toString(8)}`);
  await writeFile(path, 'x');
  await chmod(path, mode);
  const handle = await open(path, 'r');
  expect(await refusalReason(handle.fd, path)).toBe(await writeError(path));
  await handle.close();
});

it('says nothing where the system gives another reason', async () => {
  const handle = await open(join(folder, 'mode-644'), 'r');
  const { fd } = handle;
  await handle.close();
  expect(await refusalReason(fd, join(folder, 'no-such-file'))).toBeUndefined();
});
