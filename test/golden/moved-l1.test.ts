/** An image that one program resizes while another writes to it, both the real programs: the cause is named, and the disk is read. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkImage } from '../../electron/qcow2/check/engine.ts';
import { inferL1 } from '../../electron/qcow2/infer/infer-image.ts';
import { openQcow2, type Qcow2Image } from '../../electron/qcow2/read/image.ts';
import { runToEnd } from '../../electron/qcow2/read/sliced-work.ts';
import { readBytes } from '../../electron/qcow2/read/source.ts';
import { mapWhole, openSource } from '../support/qcow2-reading.ts';
import { qemuImg, temporaryFolder } from '../support/tools.ts';

const M = 2 ** 20;
const PROMPT = 'qemu-io> ';

/** Opens an image in qemu-io without a lock, as on storage that has none; resolves with what carries out one command. */
async function writerOf(options: string): Promise<(command: string) => Promise<void>> {
  const child = spawn('qemu-io', ['--image-opts', options], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill());
  let said = '';
  child.stdout.setEncoding('utf8').on('data', text => {
    said += text;
  });
  const prompted = async () => {
    while (!said.endsWith(PROMPT) && child.exitCode === null)
      await Promise.race([once(child.stdout, 'data'), once(child, 'close')]);
  };
  await prompted();
  return async command => {
    said = '';
    child.stdin.write(`${command}\n`);
    await prompted();
  };
}

test('a disk that was enlarged while a machine wrote to it is read through its earlier L1 table', async () => {
  const path = join(temporaryFolder(), 'resized.qcow2');
  await qemuImg('create', '-q', '-f', 'qcow2', path, '2G');
  const options = `driver=qcow2,file.driver=file,file.filename=${path},file.locking=off`;
  const command = await writerOf(options);
  for (const line of ['write -P 1 0 1M', 'write -P 2 512M 256k', 'flush']) await command(line);
  await qemuImg('resize', '-q', '--image-opts', options, '40G');
  for (const line of ['write -P 3 1G 512k', 'write -P 4 1536M 64k', 'write -P 5 2M 1M', 'quit'])
    await command(line);

  const image = openQcow2(openSource(path));
  const { findings } = runToEnd(checkImage(image, { layer: 0 }));
  expect(findings.filter(({ causedBy }) => causedBy === undefined).map(({ code }) => code)).toEqual([
    'QCOW2_L1_REPLACED',
  ]);
  const causes = findings.filter(({ code }) => code === 'QCOW2_LIKELY_CAUSE').map(({ what }) => what);
  expect(causes).toHaveLength(1);
  expect(causes[0]).toMatch(/^likely cause: the L1 table was moved by a resize while another program wrote/);

  const inferred = runToEnd(inferL1(image, { reading: 1 })) as Qcow2Image;
  expect(inferred.inferred?.inference).toMatchObject({
    confidence: 'likely',
    tables: { found: 4, placed: 4 },
  });
  const data = mapWhole(inferred).filter(({ host }) => host >= 0);
  expect(data.map(({ start, length }) => [start / M, length / M])).toEqual([
    [0, 1],
    [2, 1],
    [512, 0.25],
    [1024, 0.5],
    [1536, 0.0625],
  ]);
  expect(data.map(({ host }) => readBytes(image.source, host, 1)[0])).toEqual([1, 5, 2, 3, 4]);
});

test('data that took the place of the new L1 table is read again through the earlier one', async () => {
  const path = join(temporaryFolder(), 'overwritten.qcow2');
  await qemuImg('create', '-q', '-f', 'qcow2', path, '2G');
  const options = `driver=qcow2,file.driver=file,file.filename=${path},file.locking=off`;
  const command = await writerOf(options);
  for (const line of ['write -P 1 0 256k', 'flush']) await command(line);
  await qemuImg('resize', '-q', '--image-opts', options, '40G');
  for (const line of ['write -P 5 256k 64k', 'write -P 3 1G 512k', 'quit']) await command(line);

  const image = openQcow2(openSource(path));
  const { findings } = runToEnd(checkImage(image, { layer: 0 }));
  const [root, ...others] = findings.filter(({ causedBy }) => causedBy === undefined);
  expect(others).toEqual([]);
  expect(root?.what).toMatch(
    /^the cluster at 0x\w+, which the header names as the L1 table, is guest data of the disk by the tables/,
  );
  const inferred = runToEnd(inferL1(image, { reading: 1 })) as Qcow2Image;
  expect(inferred.inferred?.inference).toMatchObject({ isPartial: false, tables: { found: 2, placed: 2 } });
  const data = mapWhole(inferred).filter(({ host }) => host >= 0);
  const contents = data.map(({ start, length, host }) => [
    start,
    length,
    readBytes(inferred.source, host, 1)[0],
  ]);
  expect(contents.filter(([start]) => start === 2 ** 30)).toEqual([[2 ** 30, 2 ** 19, 3]]);
  expect(readBytes(inferred.source, (data[0]?.host ?? 0) + 262_144, 1)[0]).toBe(5);
});
