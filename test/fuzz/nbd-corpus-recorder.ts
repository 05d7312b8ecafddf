/** Conversations of this client with real servers, written to files that test/fuzz/nbd.test.ts plays back. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bitmapsChain } from '../support/images/chains.ts';
import { damageableImage } from '../support/images/nbd-images.ts';
import { newerQemu } from '../support/newer-qemu.ts';
import { recordConversation } from '../support/servers/nbd-conversation.ts';
import { startNbdkit, startQemu } from '../support/servers/nbd-server-process.ts';
import { temporaryFolder } from '../support/tools.ts';

/** Records one conversation with each kind of server into `corpus`. Rejects where a server is missing. */
export async function recordCorpus(corpus: string): Promise<void> {
  const folder = temporaryFolder();
  const [bitmaps] = await bitmapsChain(folder);
  const { path: damaged, damage } = await damageableImage(folder);
  await damage();
  const args = ['-A', '-B', 'b0', '-f', 'qcow2', bitmaps as string];
  const newer = await newerQemu();
  if ('reason' in newer) throw new Error(newer.reason);
  await mkdir(corpus, { recursive: true });
  for (const [name, start] of [
    ['qemu-7.2', () => startQemu(args)],
    ['qemu-7.2-damaged', () => startQemu(['-A', '-f', 'qcow2', damaged])],
    ['qemu-10.0', () => startQemu(args, 'unix', newer.qemuNbd)],
    ['nbdkit-1.32', () => startNbdkit(['sparse-random', '1M', 'seed=1', 'percent=50'])],
  ] as const) {
    const server = await start();
    const turns = await recordConversation(server.place);
    await server.kill();
    await writeFile(join(corpus, `${name}.json`), `${JSON.stringify(turns, null, 1)}\n`);
  }
}
