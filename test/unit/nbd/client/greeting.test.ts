import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { waitForGreeting } from '../../../../electron/nbd/client/greeting.ts';
import { greeting } from '../../../support/servers/nbd-messages.ts';
import { temporaryFolder } from '../../../support/tools.ts';

let server: Server | undefined;
afterEach(() => {
  server?.close();
});

/** A server that answers its n-th client with the n-th message, the last one again and again. */
async function listen(path: string, ...messages: readonly Buffer[]): Promise<Buffer[]> {
  const received: Buffer[] = [];
  let clients = 0;
  server = createServer(socket => {
    socket.on('error', () => {});
    socket.on('data', bytes => received.push(bytes));
    socket.end(messages[Math.min(clients++, messages.length - 1)]!);
  });
  await new Promise<void>(resolve => {
    server?.listen(path, resolve);
  });
  return received;
}

describe('waitForGreeting', () => {
  it('waits until something listens and greets, and leaves with an ABORT', async () => {
    const path = join(temporaryFolder(), 's');
    const waiting = waitForGreeting(path, AbortSignal.timeout(5000));
    const received = await listen(path, Buffer.alloc(0), Buffer.from('nonsense of many bytes'), greeting());
    expect(await waiting).toBe(true);
    const goodbye = Buffer.concat(received);
    expect(goodbye.toString('hex')).toBe('0000000349484156454f50540000000200000000');
  });

  it('takes no oldstyle greeting for a server that negotiates, and ends when its signal aborts', async () => {
    const path = join(temporaryFolder(), 's');
    await listen(path, Buffer.from('4e42444d414749430000420281861253', 'hex'));
    expect(await waitForGreeting(path, AbortSignal.timeout(100))).toBe(false);
  });
});
