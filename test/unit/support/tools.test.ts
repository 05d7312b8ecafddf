import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  hashFile,
  nbdinfoMap,
  qemuImg,
  qemuIo,
  run,
  startQemuNbd,
  temporaryFolder,
} from '../../support/tools.ts';

describe('tools', () => {
  const folder = temporaryFolder();

  it('runs commands and reports their exit code', async () => {
    const program = 'process.stdin.on("data", d => process.stdout.write(d)).on("end", () => process.exit(3))';
    expect(await run(process.execPath, ['-e', program], { input: 'text' })).toEqual({
      stdout: 'text',
      stderr: '',
      code: 3,
    });
  });

  it('says which tool is missing', async () => {
    await expect(run('no-such-tool', [])).rejects.toThrow('no-such-tool is not installed');
    await expect(startQemuNbd([], { command: 'no-such-tool' })).rejects.toThrow('is not installed');
  });

  it('kills a command that takes too long', async () => {
    const endless = run(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { timeout: 200 });
    await expect(endless).rejects.toThrow();
  });

  it('serves an image over a private socket until stopped, and leaves it unchanged', async () => {
    const image = join(folder, 'a.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', image, '1M');
    await qemuIo(image, 'write -P1 64k 64k');
    const before = await hashFile(image);
    const server = await startQemuNbd(['-A', '-f', 'qcow2', image], { exportName: 'an export' });
    const map = await nbdinfoMap(server.uri, 'qemu:allocation-depth');
    expect(map.map(row => row.type)).toEqual([0, 1, 0]);
    await server.stop();
    expect(() => process.kill(server.pid, 0)).toThrow('ESRCH');
    expect(await hashFile(image)).toBe(before);
  });

  it('rejects with what a server said when it cannot start', async () => {
    await expect(startQemuNbd(['-f', 'qcow2', join(folder, 'absent')])).rejects.toThrow('No such file');
    await expect(qemuImg('info', join(folder, 'absent'))).rejects.toThrow('No such file');
    expect(existsSync(folder)).toBe(true);
  });
});
