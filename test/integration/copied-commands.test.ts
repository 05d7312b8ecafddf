/** What the window copies is taken by qemu-io and by a shell as it stands, also for names that a shell would take apart. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { golden, makeChain } from '../../examples/recipes.mjs';
import { copyForms, plainHex, plainRange } from '../../renderer/state/selection/copy-forms.ts';
import { findingCommands } from '../../shared/text/check-commands.ts';
import { cowscope } from '../support/cli.ts';
import { openSession, planFiles } from '../support/merge-session.ts';
import { temporaryFolder } from '../support/tools.ts';

const K64 = 65_536;
const shell = (command: string) => execFileSync('sh', ['-c', command], { maxBuffer: 2 ** 24 });

test('copied offsets, ranges and commands do what they say', async () => {
  const folder = join(temporaryFolder(), "it's $HOME; a `b` — диск");
  mkdirSync(folder);
  const paths = await makeChain(golden, folder);
  const top = paths.at(-1) as string;
  const session = openSession(planFiles(paths));
  await session.read();
  const { layers } = await session.ask('inspect', { offset: 2 * K64 });
  const hostOffset = layers[0]?.hostOffset ?? -1;
  const start = 2 * K64;
  const end = 3 * K64;
  const forms = copyForms({
    start,
    end,
    image: { path: top, format: 'qcow2' },
    stored: { path: top, offset: hostOffset, length: K64 },
  });
  const text = (label: string) => forms.find(form => form.label === label)?.text ?? '';
  const io = (command: string) =>
    execFileSync('qemu-io', ['-r', '-f', 'qcow2', '-c', command, top], { encoding: 'utf8' });

  const read = `read ${K64}/${K64} bytes at offset ${start}`;
  expect(io(`read ${plainHex(start)} 64k`)).toContain(read);
  expect(io(`read ${plainRange(start, end)}`)).toContain(read);
  expect(io(`read ${text('Copy start and length')}`)).toContain(read);
  expect(io(`read ${text('Copy in decimal')} 64k`)).toContain(read);
  expect(Number(text('Copy as 512-byte sector')) * 512).toBe(start);

  const content = execFileSync('qemu-io', ['-r', '-f', 'qcow2', '-c', `read -v ${start} 512`, top]);
  const rows = (output: Buffer) => String(output).match(/^[0-9a-f]{8}: .*/gm);
  const printed = rows(shell(text('Copy qemu-io command')));
  expect(printed).toHaveLength(32);
  expect(printed).toEqual(rows(content));
  const stored = shell(text('Copy dd command of the stored bytes'));
  expect(stored).toHaveLength(K64);
  const byte = Number.parseInt(printed?.[0]?.split(' ')[2] ?? '', 16);
  expect(new Set(stored)).toEqual(new Set([byte]));
});

test('the commands of a finding keep the image as it is, and show what they say', async () => {
  const folder = join(temporaryFolder(), "it's $HOME; a `b` — диск");
  mkdirSync(folder);
  const [, , path = ''] = await makeChain(golden, folder);
  const before = readFileSync(path);
  const finding = {
    host: [[K64, K64]],
    evidence: [{ source: 'header', fileOffset: 0, value: '', bits: '' }],
  };
  const commands = new Map(
    findingCommands(finding as never, { path, format: 'qcow2' }).map(({ label, command }) => [
      label,
      command,
    ]),
  );
  const run = (label: string) => String(shell(commands.get(label) ?? 'false'));
  run('to keep the evidence');
  expect(readFileSync(`${path}.copy`)).toEqual(before);
  expect(run('to compare with qemu-img')).toContain('No errors were found on the image.');
  expect(run('to print the bytes of the evidence')).toMatch(/^000000 51 46 49 fb/);
  expect(readFileSync(path)).toEqual(before);
  const owner = commands.get('to list who refers to the cluster') ?? '';
  expect(owner).toMatch(/^cowscope layout --owner=0x10000 -- /);
  const listed = await cowscope(['layout', '--owner=0x10000', '--', path]);
  expect(listed).toMatchObject({ code: 0 });
  expect(listed.stdout).toMatch(/^cluster 0x0001_0000, 64 KiB: /);
});

test('the evidence of an image with an external data file is kept whole, and the copies are checked alone', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'image.qcow2');
  const data = join(folder, 'data.raw');
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', `data_file=${data}`, path, '1M']);
  execFileSync('qemu-io', ['-f', 'qcow2', '-c', 'write -P 7 64k 64k', path]);
  const dataFile = { recorded: data, recordedFormat: 'raw', resolved: data, status: 'opened' as const };
  const commands = findingCommands({ host: [], evidence: [] }, { path, format: 'qcow2', dataFile });
  const run = (label: string) => String(shell(commands.find(one => one.label === label)?.command ?? 'false'));
  run('to keep the evidence');
  run('to keep its data file');
  expect(readFileSync(`${data}.copy`)).toEqual(readFileSync(data));
  // Were the named data file opened, this would fail.
  rmSync(data);
  expect(run('to compare with qemu-img')).toContain('No errors were found on the image.');
});
