/** The command line as a process: usage, exit codes, pipes, signals, and a machine without qemu. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { CLI, codesOf, complaints, cowscope, cowscopeJson } from '../support/cli.ts';
import { goldenChain } from '../support/images/chains.ts';
import { fragmentedImage } from '../support/images/nbd-images.ts';
import { qemuImg, run, runWell, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();
let top: string;
let bare: NodeJS.ProcessEnv;
beforeAll(async () => {
  const golden = join(folder, 'golden');
  await mkdir(golden);
  top = (await goldenChain(golden)).at(-1)!;
  const onlyNode = join(folder, 'bin');
  await mkdir(onlyNode);
  await symlink(process.execPath, join(onlyNode, 'node'));
  const { COWSCOPE_QEMU_NBD, ...env } = process.env;
  bare = { ...env, PATH: onlyNode };
});

describe('usage', () => {
  it.each<[string, string[]]>([
    ['no target', ['map']],
    ['an unknown option', ['map', '--totls', 'x']],
    ['a word that is neither a command nor a file', ['layrs', 'x']],
    ['a value that is none of the choices', ['map', '--output', 'xml', 'x']],
    ['a layer that is no number', ['map', '--layer', '-1', 'x']],
    ['an empty name', ['map', '']],
    ['a URI among files', ['map', 'nbd://localhost', 'x']],
    ['a format for a URI', ['map', '--format', 'raw', 'nbd://localhost']],
    ['a layer of a URI', ['map', '--layer', '0', 'nbd://localhost']],
    ['a snapshot of a URI', ['map', '--snapshot', '1', 'nbd://localhost']],
    ['host offsets of a URI', ['map', '--as', 'qemu-img', 'nbd://localhost']],
    ['host offsets over NBD', ['map', '--as', 'qemu-img', '--witness', 'nbd', 'x']],
    ['host offsets beside another form', ['map', '--host-offsets', '--as', 'nbdinfo', 'x']],
    ['host offsets of sums', ['map', '--host-offsets', '--totals', 'x']],
    ['rows with host offsets of a URI', ['map', '--host-offsets', 'nbd://localhost']],
    ['rows with host offsets over NBD', ['map', '--host-offsets', '--witness', 'nbd', 'x']],
    ['a version without --as qemu-img', ['map', '--qemu-version', '8.2', 'x']],
    ['a version too old', ['map', '--as', 'qemu-img', '--qemu-version', '6.0', 'x']],
    ['a version that is none', ['map', '--as', 'qemu-img', '--qemu-version', 'new', 'x']],
    ['totals that qemu-img does not have', ['map', '--as', 'qemu-img', '--totals', 'x']],
    ['a context for another form', ['map', '--context', 'base:allocation', 'x']],
    ['a snapshot over NBD', ['map', '--snapshot', '1', '--witness', 'nbd', 'x']],
    ['a shell without a script', ['completion', 'tcsh']],
  ])('is wrong with %s: one line, exit code 64, nothing opened', async (_, args) => {
    const result = await cowscope(args);
    expect(result).toMatchObject({ code: 64, stdout: '' });
    expect(codesOf(result)).toEqual(['USAGE']);
    expect(complaints(result)[0]).toMatch(/: \S[^:]+$/); // ends with what to do
  });

  it('is wrong with a layer that the chain does not have', async () => {
    const result = await cowscope(['map', '--layer', '3', top]);
    expect(result).toMatchObject({ code: 64, stdout: '' });
    expect(complaints(result)).toEqual([
      `cowscope: USAGE: there is no layer 3: the chain has layers 0 to 2 (${top}): cowscope layers lists them`,
    ]);
  });

  it('is explained by --help, which shows no programmer’s defaults', async () => {
    for (const args of [['--help'], ['-h'], ['map', '--help'], ['layers', '--help'], ['open', '--help']]) {
      const { stdout, stderr, code } = await cowscope(args);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(/^Usage: cowscope/);
      expect(stdout).not.toMatch(/default: |choices: |\[\]/);
      expect(stdout).toContain('--debug');
    }
  });

  it('has a version', async () => {
    for (const args of [['--version'], ['map', '--version']])
      expect(await cowscope(args)).toEqual({ code: 0, stdout: `${packageJson.version}\n`, stderr: '' });
  });
});

describe('what cannot be done', () => {
  it('is one line with code, file and advice, exit code 1; --debug adds the stack', async () => {
    const missing = join(folder, 'missing\x1b[31m.qcow2');
    for (const command of ['map', 'layers', 'open']) {
      const result = await cowscope([command, missing]);
      expect(result).toMatchObject({ code: 1, stdout: '' });
      expect(result.stderr).toBe(
        `cowscope: CHAIN_FILE_MISSING: no such file (${folder}/missing\\x1b[31m.qcow2): check the path, or where the file was moved to\n`,
      );
    }
    const { stderr } = await cowscope(['map', '--debug', missing]);
    expect(stderr).toMatch(/^CowscopeError: .*\n {4}at .*\n(?:.*\n)*cowscope: CHAIN_FILE_MISSING/);
    expect(stderr).not.toContain('\x1b');
    expect((await cowscope(['map', '--', '--debug'])).stderr).toMatch(
      /^cowscope: CHAIN_FILE_MISSING: [^\n]*\n$/,
    );
  });

  it.each<[string, () => string[], string]>([
    ['a folder', () => [folder], 'CHAIN_NOT_A_FILE'],
    ['a device that is no disk', () => ['/dev/null'], 'CHAIN_NOT_A_FILE'],
    ['a server that is not there', () => [`nbd+unix:///?socket=${folder}/none`], 'NBD_CONNECT_FAILED'],
    ['the same file twice', () => [top, top], 'CHAIN_FILE_TWICE'],
  ])('is for example %s', async (_, args, code) => {
    const result = await cowscope(['map', ...args()]);
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(codesOf(result)).toEqual([code]);
  });

  it('is output that cannot be written', async () => {
    const { stderr, code } = await run('bash', [
      '-c',
      `"$0" "$@" >/dev/full`,
      process.execPath,
      CLI,
      'map',
      top,
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^cowscope: OUTPUT_FAILED: .*\n$/);
  });
});

describe('a closed pipe', () => {
  it('ends it quietly with exit code 0, in the middle of a long list', async () => {
    const path = await fragmentedImage(folder, 131_072);
    const shell = '"$0" "$@" | head -c 100 | wc -c; echo "$PIPESTATUS"';
    const args = ['map', '--as', 'nbdinfo', path];
    expect(await run('bash', ['-c', shell, process.execPath, CLI, ...args])).toEqual({
      code: 0,
      stdout: '100\n0\n',
      stderr: '',
    });
  });

  it('leaves the exit code what it is where that is known before anything is printed', async () => {
    const missing = join(folder, 'without-base.qcow2');
    await qemuImg('create', '-q', '-u', '-f', 'qcow2', '-F', 'qcow2', '-b', 'gone', missing, '1M');
    const cases: [args: string[], code: number][] = [
      [['check', top], 0],
      [['check', missing], 1],
      [['layers', missing], 3],
      [['map', missing], 3],
      [['partitions', missing], 3],
      [['store', folder], 3],
    ];
    for (const [args, code] of cases) {
      expect((await cowscope(args)).code, args.join(' ')).toBe(code);
      const shell = '"$0" "$@" 2> /dev/null | true; echo "$PIPESTATUS"';
      const { stdout } = await run('bash', ['-c', shell, process.execPath, CLI, ...args]);
      expect(stdout, `${args.join(' ')} | true`).toBe(`${code}\n`);
    }
  });

  it('of standard error is no reason to stop', async () => {
    const shell = '"$0" "$@" 2> >(exec 0<&-; exit) | tail -1; echo "$PIPESTATUS"';
    const { stdout } = await run('bash', ['-c', shell, process.execPath, CLI, 'map', top]);
    expect(stdout).toMatch(/zeros that hide data .*\n0\n$/);
  });
});

/** Processes that name `text` on their command line. */
async function processesNaming(text: string): Promise<string[]> {
  const ids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
  const lines = await Promise.all(ids.map(id => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter(line => line.includes(text));
}

describe('a signal', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s ends it at once and quietly, with its servers and their sockets',
    async signal => {
      const path = await fragmentedImage(temporaryFolder(), 2 ** 19);
      // Servers are recognized by their sockets, in a folder of our own.
      const moments: ((sockets: string) => Promise<boolean>)[] = [
        async sockets => (await readdir(sockets)).length > 0, // before the server runs
        async sockets => (await processesNaming(sockets)).length > 0,
        async sockets => (await processesNaming(sockets)).length > 0 && sleep(50, true), // while it is read
      ];
      for (const hasCome of moments) {
        const sockets = temporaryFolder();
        const child = spawn(process.execPath, [CLI, 'map', '--witness', 'nbd', path], {
          env: { ...process.env, TMPDIR: sockets },
          stdio: ['ignore', 'ignore', 'pipe'],
        });
        let stderr = '';
        child.stderr.setEncoding('utf8').on('data', text => {
          stderr += text;
        });
        const ended = once(child, 'close');
        while (!(await hasCome(sockets)) && child.exitCode === null) await sleep(2);
        child.kill(signal);
        expect(await ended).toEqual([null, signal]);
        expect(stderr).toBe('');
        const giveUp = Date.now() + 5000; // the system takes a moment to bury a killed child
        while ((await processesNaming(sockets)).length > 0 && Date.now() < giveUp) await sleep(5);
        expect(await processesNaming(sockets)).toEqual([]);
        expect(await readdir(sockets)).toEqual([]);
      }
    },
  );
});

describe('without qemu on the machine', () => {
  it('the golden chain still opens and draws, and lists as with it', async () => {
    const without = await cowscope(['map', top], { env: bare });
    expect(without.code).toBe(0);
    expect(without.stdout).toBe((await cowscope(['map', top])).stdout);
    expect(await cowscope(['layers', top], { env: bare })).toEqual(await cowscope(['layers', top]));
    expect(JSON.parse((await cowscope(['map', '--as', 'qemu-img', top], { env: bare })).stdout)).toHaveLength(
      14,
    );
  });

  it('a raw layer is data, with one note', async () => {
    const raw = join(folder, 'sparse.raw');
    await writeFile(raw, '');
    await runWell('truncate', ['-s', '1M', raw]);
    const over = join(folder, 'over-raw.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', '-b', raw, '-F', 'raw', over);
    const result = await cowscope(['map', '--as', 'qemu-img', over], { env: bare });
    expect(result.code).toBe(0);
    expect(result.stderr).toMatch(/^cowscope: note: sparse\.raw: qemu-nbd was not found[^\n]*\n$/);
    expect(JSON.parse(result.stdout)).toEqual([
      { start: 0, length: 1048576, depth: 1, present: true, zero: false, data: true, offset: 0 },
    ]);
    const [row] = await cowscopeJson(['map', '--as', 'qemu-img', over]);
    expect(row).toMatchObject({ depth: 1, zero: true, data: false });
  });

  it('the nbd witness alone cannot be asked, and both cannot be compared', async () => {
    const alone = await cowscope(['map', '--witness', 'nbd', top], { env: bare });
    expect([alone.code, alone.stdout, codesOf(alone)]).toEqual([1, '', ['QEMU_NBD_MISSING']]);
    const both = await cowscope(['map', '--totals', '--witness', 'both', top], { env: bare });
    expect([both.code, codesOf(both)]).toEqual([3, ['QEMU_NBD_MISSING']]);
    expect(both.stdout).not.toContain('agree');
  });
});

describe('completion', () => {
  /** What an interactive bash makes of keys typed at its prompt, one line each. */
  async function typed(cwd: string, ...lines: string[]): Promise<string> {
    const { stdout } = await cowscope(['completion', 'bash']);
    const script = join(folder, 'completion.bash');
    await writeFile(script, stdout);
    expect(await run('bash', ['-n', script])).toEqual({ code: 0, stdout: '', stderr: '' });
    const keys = [
      'cowscope() { printf "<%s>" "$@"; echo; }',
      `source '${script}'`,
      ...lines,
      'exit',
      '',
    ].join('\n');
    const options = { cwd, input: keys, env: { ...process.env, TERM: 'dumb', INPUTRC: '/dev/null' } };
    return (await run('script', ['-qec', 'bash --norc --noprofile -i', '/dev/null'], options)).stdout;
  }

  it('of bash completes commands, options, their values, and files with blanks', async () => {
    const own = join(folder, 'completion');
    await mkdir(own);
    await writeFile(join(own, 'an image.qcow2'), '');
    const screen = await typed(
      own,
      'cowscope ma\t --wit\tm\t --output=js\t an\t',
      'cowscope layers --allow a\t --form\tq\t',
      'cowscope compl\tz\t',
    );
    expect(screen).toContain('<map><--witness><metadata><--output=json><an image.qcow2>');
    expect(screen).toContain('<layers><--allow><an image.qcow2><--format><qcow2>');
    expect(screen).toContain('<completion><zsh>');
  });

  it('of zsh and fish names every command and every option', async () => {
    const help = (await cowscope(['map', '--help'])).stdout;
    const options = [...help.matchAll(/^ +(?:-h, )?--([a-z-]+)/gm)].map(([, name]) => name as string);
    const zsh = (await cowscope(['completion', 'zsh'])).stdout;
    const fish = (await cowscope(['completion', 'fish'])).stdout;
    expect(zsh).toMatch(/^autoload -U \+X bashcompinit/);
    for (const option of options) {
      expect(zsh).toContain(`--${option}`);
      expect(fish).toContain(` -l ${option} `);
    }
    expect(fish).toContain("-n '__fish_seen_subcommand_from map' -l witness -xa 'metadata nbd both' -d ");
    for (const line of fish.trim().split('\n')) expect(line).toMatch(/^complete -c cowscope .*'$/);
  });
});
