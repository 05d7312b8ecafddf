/**
 * How one call of the window is answered: argument checked, handler run, outcome turned into a Result, size bounded.
 * Nothing here knows Electron, so all of it is tested without a window.
 */
import { CowscopeError, errorRecord } from '../../../shared/error.ts';
import type { CallArgs, CallName, CallReply, IpcCalls } from '../../../shared/ipc/contract.ts';
import { fail, ok } from '../../../shared/result.ts';
import { checkArguments } from './arguments.ts';

/** Most bytes of one message between main and the window. */
export const MAX_MESSAGE_BYTES = 2 ** 20;

/** What a call does. It may throw CowscopeError; the window gets its record. */
export type CallHandler<C extends CallName> = (
  args: CallArgs<C>,
) => IpcCalls[C]['reply'] | Promise<IpcCalls[C]['reply']>;

/**
 * The bytes that structured clone needs for plain data, within a few percent; counting stops beyond `limit`.
 * A view counts its whole buffer once, because that is what crosses.
 */
export function messageBytes(value: unknown, limit = Number.MAX_SAFE_INTEGER): number {
  const buffers = new Set<ArrayBufferLike>();
  const waiting: unknown[] = [value];
  let bytes = 0;
  while (waiting.length > 0 && bytes <= limit) {
    const item = waiting.pop();
    if (typeof item === 'string') bytes += 5 + 2 * item.length;
    else if (typeof item !== 'object' || item === null) bytes += 9;
    else if (ArrayBuffer.isView(item)) {
      bytes += 8;
      if (!buffers.has(item.buffer)) bytes += item.buffer.byteLength;
      buffers.add(item.buffer);
    } else if (Array.isArray(item)) {
      bytes += 8;
      for (const element of item) waiting.push(element);
    } else {
      bytes += 4;
      for (const [key, field] of Object.entries(item)) {
        bytes += 3 + key.length;
        waiting.push(field);
      }
    }
  }
  return bytes;
}

/**
 * The Result of a call: never rejects, never carries a stack. `value` is what the window sent.
 * Fails with IPC_UNTRUSTED_SENDER, IPC_BAD_ARGUMENT, IPC_TOO_LARGE, or the code of what the handler threw.
 */
export async function answerCall<C extends CallName>(
  name: C,
  handler: CallHandler<C>,
  trusted: boolean,
  value: unknown,
): Promise<CallReply<C>> {
  try {
    if (!trusted)
      throw refusal('IPC_UNTRUSTED_SENDER', 'A request came from outside the window and was refused', name);
    const reply = ok(await handler(checkArguments(name, value)));
    if (messageBytes(reply, MAX_MESSAGE_BYTES) > MAX_MESSAGE_BYTES) {
      throw refusal(
        'IPC_TOO_LARGE',
        'The answer is larger than one message may be (1 MiB)',
        name,
        'ask for a smaller range',
      );
    }
    return reply;
  } catch (error) {
    return fail(errorRecord(error));
  }
}

function refusal(code: string, what: string, subject: string, advice = ''): CowscopeError {
  return new CowscopeError({ code, what, subject, advice });
}
