/** What runs on the machine. Linux only: it looks into /proc. */
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Command lines of the processes that name `text` in their environment. */
export async function processesWith(text: string): Promise<string[]> {
  const ids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
  const found = ids.map(async id => {
    const environment = await readFile(`/proc/${id}/environ`, 'utf8').catch(() => '');
    return environment.includes(text) ? [await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => id)] : [];
  });
  return (await Promise.all(found)).flat();
}

/** Those that are left of {@link processesWith} after a few seconds at most: the system takes a moment to bury a killed child. */
export async function processesLeft(text: string): Promise<string[]> {
  for (const end = Date.now() + 5000; Date.now() < end; await sleep(10))
    if ((await processesWith(text)).length === 0) return [];
  return processesWith(text);
}
