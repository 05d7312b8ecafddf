/** Images that name what must not be touched: the calls of the whole program are traced while it describes and maps them. */
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { CLI } from '../support/cli.ts';
import { qemuImg, run, runWell, temporaryFolder } from '../support/tools.ts';

it('opens nothing that hostile images name, connects to nothing, starts nothing, and gives an account of each', async () => {
  const folder = temporaryFolder();
  const secret = temporaryFolder();
  const at = (name: string) => join(folder, name);
  await writeFile(join(secret, 'shadow'), 'secret');
  await runWell('mkfifo', [at('fifo')]);
  await symlink(join(secret, 'shadow'), at('leak'));
  const server = createServer(() => expect.unreachable());
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const hostile: readonly (readonly [name: string, code: string])[] = [
    ['/etc/shadow', 'CHAIN_CONSENT_NEEDED'],
    [join(secret, 'shadow'), 'CHAIN_CONSENT_NEEDED'],
    ['leak', 'CHAIN_CONSENT_NEEDED'],
    ['/dev/sda', 'CHAIN_CONSENT_NEEDED'],
    ['fifo', 'CHAIN_NOT_A_FILE'],
    [`nbd://127.0.0.1:${port}/x`, 'CHAIN_PROTOCOL'],
    [`http://127.0.0.1:${port}/x`, 'CHAIN_PROTOCOL'],
    [`json:{"driver":"nbd","host":"127.0.0.1","port":"${port}"}`, 'CHAIN_PROTOCOL'],
    [
      `json:{'driver':'qcow2','file':{'driver':'https','url':'https://127.0.0.1:${port}/'}}`,
      'CHAIN_PROTOCOL',
    ],
    [
      `json:{"driver":"qcow2","file":{"driver":"file","filename":"${secret}/shadow"}}`,
      'CHAIN_CONSENT_NEEDED',
    ],
    ['loop', 'CHAIN_LOOP'],
  ];
  const images: string[] = [];
  for (const [i, [name]] of hostile.entries()) {
    const path = name === 'loop' ? at('loop') : at(`hostile${i}`);
    await qemuImg('create', '-q', '-u', '-f', 'qcow2', '-b', name, '-F', 'qcow2', path, '1M');
    images.push(path);
  }
  // The data file lies elsewhere, behind a link in the own folder.
  await qemuImg('create', '-q', '-f', 'qcow2', '-o', `data_file=${join(secret, 'data')}`, at('data'), '1M');

  const log = join(secret, 'calls');
  const lines = [...images, at('data')].flatMap(path => [
    `"$0" "$1" layers ${path}`,
    `"$0" "$1" map --totals ${path}`,
  ]);
  const traced = ['-f', '-e', 'trace=open,openat,connect,execve', '-o', log, 'sh', '-c', lines.join('\n')];
  const { stderr } = await run('strace', [...traced, process.execPath, CLI], { timeout: 120_000 });
  server.close();

  const codes = stderr.split('\n').flatMap(line => /^cowscope: ([A-Z_]+):/.exec(line)?.[1] ?? []);
  expect(codes).toEqual(hostile.flatMap(([, code]) => [code, code]));
  const calls = (await readFile(log, 'utf8')).split('\n');
  const opened = calls.flatMap(line => /open(?:at)?\(.*?"(.*?)"/.exec(line)?.[1] ?? []);
  const named = ['shadow', 'leak', 'sda', 'fifo', ...(['data'] as const).map(name => join(secret, name))];
  expect(opened.filter(path => named.includes(basename(path)) || named.includes(path))).toEqual([]);
  expect(opened.filter(path => path.endsWith('/hostile0')).length).toBeGreaterThan(0);
  expect(calls.filter(line => line.includes('connect('))).toEqual([]);
  // The shell, and node once for each line.
  expect(calls.filter(line => / execve\(/.test(line) && line.includes(' = 0'))).toHaveLength(
    1 + lines.length,
  );
});
