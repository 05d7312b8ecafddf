/** Whether a server on a unix socket serves: the only sure sign is its first message. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** First bytes of every server that negotiates: NBDMAGIC, IHAVEOPT (NBD protocol, "Newstyle negotiation"). */
const GREETING = Buffer.from('4e42444d4147494349484156454f5054', 'hex');
const GREETING_LENGTH = 18;

/** Client flags 3 and NBD_OPT_ABORT: leaving politely keeps the server's log free of complaints. */
const GOODBYE = Buffer.from('0000000349484156454f50540000000200000000', 'hex');

/**
 * True once a server has sent its 18-byte greeting on the socket; false when `signal` aborts first. Tries again while
 * nothing listens or the link breaks: a socket is there before the image behind it is open.
 */
export async function greeted(socket: string, signal: AbortSignal): Promise<boolean> {
  for (let pause = 2; !signal.aborted; pause = Math.min(pause * 2, 32)) {
    if (await greetedOnce(socket, signal)) return true;
    await sleep(pause, undefined, { signal }).catch(() => {});
  }
  return false;
}

function greetedOnce(socket: string, signal: AbortSignal): Promise<boolean> {
  return new Promise(resolve => {
    const link = connect(socket);
    const giveUp = () => link.destroy();
    let received = Buffer.alloc(0);
    let greets = false;
    link.on('data', bytes => {
      if (greets) return;
      received = Buffer.concat([received, bytes]);
      if (received.length < GREETING_LENGTH) return;
      greets = received.subarray(0, GREETING.length).equals(GREETING);
      if (greets) link.end(GOODBYE);
      else link.destroy();
    });
    link.on('error', () => {}); // nothing listens yet
    link.once('close', () => {
      signal.removeEventListener('abort', giveUp);
      resolve(greets);
    });
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
  });
}
