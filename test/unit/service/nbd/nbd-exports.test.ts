import { afterEach, expect, it } from 'vitest';
import { listNbdExports } from '../../../../electron/service/nbd/nbd-exports.ts';
import {
  type FakeServer,
  type RunningFakeServer,
  startFakeServer,
} from '../../../support/servers/nbd-server.ts';

const servers: RunningFakeServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

/** A server with many exports that answers the first options and then no more. */
async function stuckAt(option: number): Promise<RunningFakeServer> {
  const onOption: FakeServer['onOption'] = asked => (asked === option ? new Promise(() => {}) : false);
  const names = Array.from({ length: 20 }, (_, i) => [`e${i}`, { size: 512 }]);
  const server = await startFakeServer({ exports: Object.fromEntries(names), onOption });
  servers.push(server);
  return server;
}

it.each([
  ['the names', 3],
  ['an export', 6],
])('ends its sockets at once when it is cancelled while it waits for %s', async (_, option) => {
  const server = await stuckAt(option);
  const abort = new AbortController();
  const listing = listNbdExports(server.uri, { signal: abort.signal });
  while (!server.options.includes(option)) await new Promise(setImmediate);
  abort.abort();
  await expect(listing).rejects.toMatchObject({ code: 'CANCELLED' });
  while (server.open > 0) await new Promise(setImmediate);
});
