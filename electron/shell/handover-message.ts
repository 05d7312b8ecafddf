/** What two programs say to each other at a handover: one request, one reply, each JSON up to the end of the stream. */
import { connect, type Socket } from 'node:net';
import { CowscopeError, type ErrorRecord } from '../../shared/error.ts';

/** Most bytes of a request: 200 paths of the longest that Linux has, and room beside them. */
export const MAX_REQUEST_BYTES = 2 ** 20;
const MAX_REPLY_BYTES = 2 ** 16;

/** What the first program answers. */
export type HandoverReply =
  | { readonly taken: true }
  | { readonly leaving: true }
  | { readonly error: ErrorRecord };

/**
 * Sends a request to the program that listens at `path`. `gone` where none does, `leaving` where it is on its way out or
 * broke off. Rejects with HANDOVER_TOO_LARGE before anything is sent, or with the error that the other program gave.
 */
export async function sendRequest(
  path: string,
  text: string,
  limitMs: number,
): Promise<'taken' | 'leaving' | 'gone'> {
  if (Buffer.byteLength(text) > MAX_REQUEST_BYTES) throw tooLarge();
  const socket = connect({ path, allowHalfOpen: true });
  const opened = await new Promise<string>(resolve => {
    socket.once('connect', () => resolve(''));
    socket.once('error', error => resolve((error as NodeJS.ErrnoException).code ?? 'unknown'));
  });
  if (opened !== '') return opened === 'ECONNREFUSED' || opened === 'ENOENT' ? 'gone' : 'leaving';
  socket.on('error', () => {}); // it broke off: there will be no reply
  socket.end(text);
  const reply = replyIn(await readWhole(socket, MAX_REPLY_BYTES, limitMs));
  socket.destroy();
  if (reply === undefined || 'leaving' in reply) return 'leaving';
  if ('error' in reply) throw new CowscopeError(reply.error);
  return 'taken';
}

/** Everything that comes until the other end has finished; undefined where that is too much, takes too long or breaks off. */
export function readWhole(socket: Socket, most: number, limitMs: number): Promise<string | undefined> {
  return new Promise(resolve => {
    const pieces: Buffer[] = [];
    let bytes = 0;
    const timer = setTimeout(() => finish(false), limitMs);
    const finish = (whole: boolean) => {
      clearTimeout(timer);
      if (!whole) socket.destroy();
      resolve(whole ? Buffer.concat(pieces).toString('utf8') : undefined);
    };
    socket.on('data', (piece: Buffer) => {
      bytes += piece.length;
      if (bytes > most) finish(false);
      else pieces.push(piece);
    });
    socket.once('end', () => finish(true));
    socket.once('close', () => finish(false)); // too late to matter after the end
  });
}

function replyIn(text: string | undefined): HandoverReply | undefined {
  try {
    const reply: unknown = JSON.parse(text ?? '');
    return typeof reply === 'object' && reply !== null ? (reply as HandoverReply) : undefined;
  } catch {
    return undefined;
  }
}

function tooLarge(): CowscopeError {
  return new CowscopeError({
    code: 'HANDOVER_TOO_LARGE',
    what: 'this is more than can be handed to the window that is open already (1 MiB), and nothing was',
    subject: '',
    advice: 'name fewer files, or close that window first',
  });
}
