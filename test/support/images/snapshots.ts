/** An image with internal snapshots, made by qemu-img. */
import { join } from 'node:path';
import { qemuImg, qemuIo } from '../tools.ts';

/** A base of 1 MiB and a top with the snapshots `first` and `second`, each after two clusters more; gives the top. */
export async function withSnapshots(folder: string): Promise<string> {
  const [base, top] = [join(folder, 'base.qcow2'), join(folder, 'top.qcow2')];
  await qemuImg('create', '-q', '-f', 'qcow2', base, '1M');
  await qemuIo(base, 'write -P1 0 256k');
  await qemuImg('create', '-q', '-f', 'qcow2', '-b', base, '-F', 'qcow2', top);
  for (const [step, name] of ['first', 'second', undefined].entries()) {
    await qemuIo(top, `write -P${step + 2} ${2 * step * 64}k 128k`);
    if (name !== undefined) await qemuImg('snapshot', '-c', name, top);
  }
  return top;
}
