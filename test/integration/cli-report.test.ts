/** `cowscope report` in its three forms. */
import { mkdtemp, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { CLI, codesOf, cowscope, cowscopeJson } from '../support/cli.ts';
import { damagedChain, goldenChain } from '../support/images/chains.ts';
import { schemaErrors } from '../support/json-schema.ts';
import { startQemu } from '../support/servers/nbd-server-process.ts';
import { hashFile, qemuImg, run, temporaryFolder } from '../support/tools.ts';
import { elementsOf, parseXml } from '../support/xml.ts';

const folder = temporaryFolder();
const schema = JSON.parse(
  await readFile(new URL('../../docs/formats/report.schema.json', import.meta.url), 'utf8'),
);
let top: string;
let damaged: string;

beforeAll(async () => {
  top = (await goldenChain(folder)).at(-1) as string;
  damaged = (await damagedChain(temporaryFolder())).at(-1) as string;
});

interface Step {
  readonly name: string;
  readonly done: boolean;
}

async function page(...args: string[]) {
  const { stdout, stderr } = await cowscope(['report', ...args]);
  expect(stderr).toBe('');
  return { text: stdout, elements: elementsOf(parseXml(stdout.replace(/^<!DOCTYPE html>\n/, ''))) };
}

describe('cowscope report', () => {
  it('is a page without scripts, links and folders, that is well-formed and names every layer', async () => {
    const before = await hashFile(top);
    const { text, elements } = await page(top);
    const names = new Set(elements.map(({ name }) => name));
    for (const name of ['script', 'link', 'img', 'iframe', 'a']) expect(names).not.toContain(name);
    expect(elements.filter(({ name }) => name === 'svg').length).toBeGreaterThan(2);
    for (const name of ['base', 'mid', 'top']) expect(text).toContain(name);
    expect(text).not.toContain(folder);
    expect(text).not.toContain(basename(folder));
    expect((await page('--show-paths', top)).text).toContain(folder);
    expect(await hashFile(top)).toBe(before);
  });

  it('has what map and check have, as a document of its schema', async () => {
    for (const image of [top, damaged]) {
      const report = await cowscopeJson(['report', '--output', 'json', '--show-paths', image]);
      expect(schemaErrors(schema, report)).toEqual([]);
      const check = JSON.parse((await cowscope(['check', '--output', 'json', image])).stdout);
      const map = JSON.parse((await cowscope(['map', '--output', 'json', image])).stdout);
      expect(report.verdict).toBe(check.verdict);
      expect(report.chainChecks.length).toBeGreaterThan(0);
      expect(report.chainChecks.map(({ name, done }: Step) => [name, done])).toEqual(
        check.checks.map(({ name, done }: Step) => [name, done]),
      );
      expect(report.totals).toEqual(map.totals);
      const ids = (findings: { layer: number; id: string }[]) =>
        findings.map(({ layer, id }) => `${layer} ${id}`);
      expect(ids(report.findings)).toEqual(
        expect.arrayContaining([...ids(check.findings), ...ids(map.findings)]),
      );
      expect(new Set(ids(report.findings)).size).toBe(report.findings.length);
    }
  });

  it('writes the form that the ending of the name asks for, unless --output says otherwise', async () => {
    const beginning = async (name: string, ...args: string[]) => {
      const path = join(folder, name);
      expect((await cowscope(['report', '-o', path, ...args, top])).code).toBe(0);
      return (await readFile(path, 'utf8')).slice(0, 5);
    };
    expect(await beginning('by-ending.JSON')).toMatch(/^\{\s*"/);
    expect(await beginning('by-ending.svg')).toBe('<svg ');
    expect(await beginning('by-ending.page')).toBe('<!DOC');
    expect(await beginning('chosen.html', '--output', 'svg')).toBe('<svg ');
    const { stdout } = await cowscope(['map', '--output', 'csv', '--host-offsets', top]);
    expect(await cowscope(['report', '-o', join(folder, 'rows.csv'), top])).toMatchObject({ code: 0 });
    expect(await readFile(join(folder, 'rows.csv'), 'utf8')).toBe(stdout);
    expect((await cowscope(['report', '--output', 'csv', top])).stdout).toBe(stdout);
    const refused = await cowscope(['report', '-o', join(folder, 'picture.png'), top]);
    expect([refused.code, codesOf(refused)]).toEqual([64, ['USAGE']]);
    expect(refused.stderr).toContain('not as png');
  });

  it('draws the chain alone', async () => {
    const { stdout } = await cowscope(['report', '--output', 'svg', top]);
    const document = parseXml(stdout);
    expect(document.name).toBe('svg');
    expect(stdout).not.toContain(basename(folder));
  });

  it('writes a new file, and replaces neither a file unasked nor an image at all', async () => {
    const to = join(folder, 'report.html');
    expect(await cowscope(['report', '--to', to, top])).toMatchObject({ code: 0, stdout: '' });
    const { size } = await stat(to);
    expect(size).toBeGreaterThan(5000);
    expect(codesOf(await cowscope(['report', '--to', to, top]))).toEqual(['OUTPUT_EXISTS']);
    expect(await cowscope(['report', '--force', '--to', to, top])).toMatchObject({ code: 0 });
    const before = await hashFile(top);
    expect(codesOf(await cowscope(['report', '--force', '--to', top, top]))).toEqual(['OUTPUT_IS_IMAGE']);
    expect(await hashFile(top)).toBe(before);
  });

  it('says what is not there, and ends with 3', async () => {
    const alone = join(folder, 'alone.qcow2');
    await qemuImg(
      'create',
      '-q',
      '-u',
      '-f',
      'qcow2',
      '-F',
      'qcow2',
      '-b',
      '/srv/gone/base.qcow2',
      alone,
      '1M',
    );
    const report = await cowscopeJson(['report', '--output', 'json', alone], 3);
    expect(report).toMatchObject({ complete: false, unread: [expect.stringContaining('alone')] });
    expect(JSON.stringify(report)).not.toContain('/srv/gone');
  });

  it('opens every image once, for its check and for its map', async () => {
    const own = await mkdtemp(join(folder, 'once-'));
    const files = await goldenChain(own);
    const log = join(own, 'calls');
    const traced = ['-f', '-e', 'trace=open,openat', '-o', log];
    const { code } = await run('strace', [...traced, process.execPath, CLI, 'report', top]);
    expect(code).toBe(0);
    const opened = [...(await readFile(log, 'utf8')).matchAll(/(?:open|openat)\(.*?"(.*?)"/g)].map(
      ([, path]) => basename(path!),
    );
    for (const file of files)
      expect(
        opened.filter(name => name === basename(file)),
        file,
      ).toHaveLength(1);
  });

  it('tells of an export what it can, without a verdict', async () => {
    const server = await startQemu(['-A', '-f', 'qcow2', top]);
    const report = await cowscopeJson(['report', '--output', 'json', server.uri()]);
    expect(schemaErrors(schema, report)).toEqual([]);
    expect(report.verdict).toBeUndefined();
    await server.kill();
  });
});
