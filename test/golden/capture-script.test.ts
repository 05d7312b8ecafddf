/** The script in Python writes the same captures as cowscope, byte for byte, but for the time. */
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { toBytePath } from '../../electron/chain/byte-path.ts';
import { discoverChain } from '../../electron/chain/discover.ts';
import { PinnedFolders } from '../../electron/chain/pinned-folder.ts';
import { captureTarget } from '../../electron/service/capture/capture-target.ts';
import { newDraftName, removeStaleDrafts } from '../../electron/service/output/drafts.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { DEMO_CHAINS, goldenChain, version1Chain } from '../support/images/chains.ts';
import { DAMAGED_IMAGES } from '../support/images/damaged/damaged-images.ts';
import { randomChain } from '../support/images/random-chain.ts';
import { hashFile, qemuImg, run, temporaryFolder } from '../support/tools.ts';

const SCRIPT = fileURLToPath(new URL('../../electron/capture/cowscope-capture.py', import.meta.url));
const folder = temporaryFolder();
const CONSENT = { allow: [], allowAll: false };
let captures = 0;

interface Written {
  /** The capture without its time and its digest, which depends on that. */
  readonly bytes: string;
  readonly path: string;
}

function withoutTime(path: string): Written {
  const bytes = readFileSync(path).subarray(0, -32).toString('latin1');
  return { bytes: bytes.replace(/"created":"[^"]*"/, ''), path };
}

async function byScript(files: readonly string[], ...options: string[]): Promise<Written> {
  const path = join(folder, `${captures++}-script.cowscope`);
  const { code, stderr } = await run('python3', ['-I', SCRIPT, '-o', path, ...options, ...files]);
  expect([0, 3], stderr).toContain(code);
  return withoutTime(path);
}

async function byCowscope(files: readonly string[], showPaths = false): Promise<Written> {
  const path = join(folder, `${captures++}.cowscope`);
  await captureTarget({ kind: 'files', files }, CONSENT, { path, images: files }, { showPaths });
  return withoutTime(path);
}

async function expectSame(files: readonly string[]): Promise<void> {
  expect((await byScript(files)).bytes).toBe((await byCowscope(files)).bytes);
}

describe('cowscope-capture.py', () => {
  it('comes with this version', () => {
    expect(readFileSync(SCRIPT, 'utf8')).toContain(`TOOL = 'cowscope ${packageJson.version}'`);
  });

  it.each(DEMO_CHAINS)('captures the demo chain (%s) as cowscope does', async (name, make) => {
    const files = await make(await mkdtemp(join(folder, `${name} `)));
    const before = await Promise.all(files.map(hashFile));
    await expectSame([files.at(-1)!]);
    await expectSame(files);
    const named = await byScript([files.at(-1)!], '--show-paths');
    expect(named.bytes).toBe((await byCowscope([files.at(-1)!], true)).bytes);
    expect(await Promise.all(files.map(hashFile))).toEqual(before);
  });

  it('captures a chain of version 1 images as cowscope does', async () => {
    await expectSame([await version1Chain(await mkdtemp(join(folder, 'version 1 ')))]);
  });

  it.each([1, 2, 3, 4, 5, 6])('captures a random chain (seed %i) as cowscope does', async seed => {
    const { top } = await randomChain(2_000_000 + seed, await mkdtemp(join(folder, 'random-')));
    await expectSame([top]);
  });

  it.each(DAMAGED_IMAGES.map(image => [image.id, image.title, image] as const))(
    'captures damage %s as cowscope does: %s',
    async (_id, _title, { make }) => expectSame([make()]),
  );

  it('cuts a chain where cowscope does, whose layers list more snapshots than it opens', async () => {
    const own = await mkdtemp(join(folder, 'entries-'));
    const files = ['2', '1', '0'].map(name => join(own, name));
    const [, , top = ''] = files;
    await qemuImg('create', '-q', '-u', '-f', 'qcow2', '-F', 'qcow2', '-b', '1', top, '1M');
    const bytes = readFileSync(top);
    const place = Number(bytes.readBigUInt64BE(8));
    // As many as qemu takes of one image, each of 40 bytes of zeros in a hole of the file.
    bytes.writeUInt32BE(65_536, 60);
    bytes.writeBigUInt64BE(2n ** 24n, 64);
    for (const [index, path] of files.toReversed().entries()) {
      bytes.write(`${index + 1}`, place);
      writeFileSync(path, bytes);
      truncateSync(path, 2 ** 25);
    }
    const { bytes: written, path } = await byScript([top]);
    expect(written).toBe((await byCowscope([top])).bytes);
    const bytesWritten = readFileSync(path);
    const { layers } = JSON.parse(bytesWritten.subarray(0, bytesWritten.indexOf('\n')).toString());
    expect(layers).toHaveLength(2);
    expect(layers[0].backing).toEqual({ status: 'cut', code: 'CHAIN_TOO_MANY_ENTRIES' });
    const opened = await discoverChain({ files: [path] });
    expect(opened.info.layers).toHaveLength(2);
    await opened.close();
    const refused = await run('python3', [SCRIPT, '-o', join(own, 'all'), ...files]);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('CHAIN_TOO_MANY_ENTRIES') });
  });

  it('names its drafts as cowscope does: each removes those of the other whose process was killed', async () => {
    const own = await mkdtemp(join(folder, 'drafts-'));
    const [base = ''] = await goldenChain(own);
    const asked = `import runpy; print(runpy.run_path(${JSON.stringify(SCRIPT)})["draft_name"]().decode())`;
    const { stdout } = await run('python3', ['-c', asked]);
    const ended = stdout.trim();
    const running = newDraftName();
    for (const name of [ended, running]) writeFileSync(join(own, name), '');
    const folders = new PinnedFolders();
    await removeStaleDrafts(await folders.at(toBytePath(own)));
    await folders.close();
    expect(readdirSync(own)).toContain(running);
    expect(readdirSync(own)).not.toContain(ended);
    writeFileSync(join(own, ended), '');
    expect(await run('python3', [SCRIPT, '-o', join(own, 'capture'), base])).toMatchObject({ code: 0 });
    expect(readdirSync(own).filter(name => name.endsWith('.part'))).toEqual([running]);
  });

  it('replaces no image and no file that is no capture', async () => {
    const [base = ''] = await goldenChain(await mkdtemp(join(folder, 'kept-')));
    const other = join(folder, 'other.txt');
    writeFileSync(other, 'kept');
    const code = async (to: string) => (await run('python3', [SCRIPT, '-o', to, '--force', base])).stderr;
    expect(await code(base)).toContain('OUTPUT_IS_IMAGE');
    expect(await code(other)).toContain('OUTPUT_EXISTS');
    expect(readFileSync(other, 'utf8')).toBe('kept');
  });
});
