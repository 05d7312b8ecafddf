import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { expect, it } from 'vitest';
import { manualPage } from '../../../electron/cli/manual.ts';
import { createProgram } from '../../../electron/cli/program.ts';
import { run, temporaryFolder } from '../../support/tools.ts';

const FACTS = {
  version: '1.2.3',
  purpose: 'a tool',
  exitCodes: [
    [0, 'done'],
    [64, 'wrong usage'],
  ],
} as const;

/** What man shows of a page, in wide lines, and what it remarks on. */
async function shown(page: string): Promise<{ readonly text: string; readonly remarks: string }> {
  const file = join(temporaryFolder(), 'page.1');
  writeFileSync(file, page);
  const env = { ...process.env, MANWIDTH: '200', LC_ALL: 'C.UTF-8', MAN_KEEP_FORMATTING: '' };
  const { stdout, stderr } = await run('man', ['--warnings', '-l', file], { env });
  return { text: stdout, remarks: stderr };
}

it('shows every visible command with its options, and man has no remark on it', async () => {
  const program = createProgram(() => {});
  const { text, remarks } = await shown(manualPage(program, FACTS));
  expect(remarks).toBe('');
  const help = program.createHelp();
  for (const command of help.visibleCommands(program)) {
    expect(text).toContain(`cowscope ${command.name()} [options]`);
    for (const { long } of help.visibleOptions(command)) expect(text).toContain(long);
  }
  expect(text).not.toContain('cowscope manual');
  expect(text).toMatch(/64 +wrong usage/);
});

it('shows hyphens, backslashes, leading dots and quotes as they are written', async () => {
  const program = new Command('tool').description(".starts with a dot\n'starts with a quote\nC:\\new -x");
  const { text, remarks } = await shown(manualPage(program, FACTS));
  expect(remarks).toBe('');
  expect(text).toContain(".starts with a dot 'starts with a quote C:\\new -x");
});
