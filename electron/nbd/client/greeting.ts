/** Whether a server on a unix socket serves: its first message is the only certain sign. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { OptionParser, optionFrame } from '../wire/option-frames.ts';
import { HANDSHAKE, OPTION } from '../wire/protocol.ts';

/** Milliseconds between two attempts: at first, and at most. */
const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 32;

/**
 * True once a server has sent its greeting on the socket; false when `signal` aborts first. Tries again while nothing
 * listens or the connection breaks: qemu-nbd makes its socket before it opens the image.
 */
export async function waitForGreeting(socketPath: string, signal: AbortSignal): Promise<boolean> {
  for (let pause = FIRST_PAUSE_MS; !signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    if (await greets(socketPath, signal)) return true;
    await sleep(pause, undefined, { signal }).catch(() => {});
  }
  return false;
}

/** Connects once. True if a greeting comes; then it leaves with ABORT, so that the server logs no complaint. */
function greets(socketPath: string, signal: AbortSignal): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(socketPath);
    const giveUp = () => socket.destroy();
    let isGreeted = false;
    const parser = new OptionParser({
      greeting(style) {
        isGreeted = style === 'new';
        socket.end(goodbye());
      },
      reply() {}, // the answer to ABORT
    });
    socket.on('data', bytes => {
      try {
        parser.push(bytes);
      } catch {
        socket.destroy(); // not a greeting
      }
    });
    socket.on('error', () => {}); // nothing listens yet
    socket.once('close', () => {
      signal.removeEventListener('abort', giveUp);
      resolve(isGreeted);
    });
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
  });
}

function goodbye(): Uint8Array {
  const flags = new Uint8Array(4);
  flags[3] = HANDSHAKE.fixedNewstyle | HANDSHAKE.noZeroes;
  return Buffer.concat([flags, optionFrame(OPTION.abort)]);
}
