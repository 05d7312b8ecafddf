/**
 * One program for one profile: a second launch hands what it was asked for to the first, over a socket in a private
 * folder. Chromium's own way (requestSingleInstanceLock) sends the whole command line, of which 16 KiB end the first
 * program.
 *
 * The folder holds one socket for each program that was ever the first, named by a number, and those of the dead are
 * removed by their followers. The program behind the highest number is the first one. A number is taken by linking a
 * socket that listens already, which the system lets exactly one program do; so a socket that refuses belongs to the
 * dead, and the highest one stays when its program ends, so that no two programs count from different ends.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { CowscopeError, errorRecord } from '../../shared/error.ts';
import { type HandoverReply, MAX_REQUEST_BYTES, readWhole, sendRequest } from './handover-message.ts';
import { LaunchFolder } from './launch-folder.ts';

/** Milliseconds in which the first program must have answered, or have gone. */
const ANSWER_LIMIT_MS = 10_000;
/** Milliseconds between two looks at a program that is on its way out. */
const RETRY_MS = 50;
/** Connections that wait for an answer at once. */
const MAX_CONNECTIONS = 16;

/** Takes what a second launch asks for. What it throws is the second launch's error. */
export type Receiver = (request: unknown) => void;

/** The first instance of the program, which takes the requests of later launches. */
export interface FirstInstance {
  /** From now on requests go here, those that have come already first. */
  receive(receiver: Receiver): void;
  /** Takes no more requests: a launch from now on waits until this program is gone, and is then the first itself. */
  leave(): void;
}

/**
 * The place of the first program, or undefined once the program that has it took `request`. `folder` is made where it
 * is missing.
 *
 * Rejects with HANDOVER_TOO_LARGE where the request has more than 1 MiB, with the receiver's error where that refuses it,
 * HANDOVER_FAILED where the first program does not answer, and HANDOVER_FOLDER where there can be no private folder.
 */
export async function becomeFirstInstance(
  folder: string,
  request: unknown,
): Promise<FirstInstance | undefined> {
  const text = JSON.stringify(request ?? null);
  const own = new Candidate();
  let place: LaunchFolder | undefined;
  try {
    place = new LaunchFolder(folder);
    for (const end = Date.now() + ANSWER_LIMIT_MS; Date.now() < end; ) {
      const highest = Math.max(0, ...place.numbers());
      const reply = highest === 0 ? 'gone' : await sendRequest(place.entry(highest), text, end - Date.now());
      if (reply === 'taken') return undefined;
      if (reply === 'leaving') await sleep(RETRY_MS);
      else if (await own.becomes(highest + 1, place)) return own.place;
    }
    throw noAnswer(folder);
  } catch (error) {
    throw error instanceof CowscopeError ? error : noFolder(folder, error);
  } finally {
    if (!own.isFirst) own.close();
    place?.close();
  }
}

/** A program that would be the first. */
class Candidate {
  readonly #server: Server;
  readonly #waiting: { readonly request: unknown; readonly answer: (reply: HandoverReply) => void }[] = [];
  #receiver: Receiver | undefined;
  #isLeaving = false;
  #listening: Promise<string> | undefined;
  isFirst = false;

  constructor() {
    this.#server = createServer({ allowHalfOpen: true }, socket => void this.#serve(socket));
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.unref();
  }

  readonly place: FirstInstance = {
    receive: receiver => {
      this.#receiver = receiver;
      for (const { request, answer } of this.#waiting.splice(0)) answer(this.#taken(request, receiver));
    },
    leave: () => {
      this.#isLeaving = true;
      for (const { answer } of this.#waiting.splice(0)) answer({ leaving: true });
    },
  };

  /** True where this program has the number, and with it the first place. */
  async becomes(number: number, folder: LaunchFolder): Promise<boolean> {
    this.#listening ??= listen(this.#server, folder);
    const socket = await this.#listening;
    if (!folder.take(number, socket)) return false;
    const others = folder.numbers().filter(other => other !== number);
    this.isFirst = others.every(other => other < number);
    for (const name of this.isFirst ? [socket, ...others] : [number]) folder.remove(name);
    return this.isFirst;
  }

  close(): void {
    this.#server.close();
  }

  async #serve(socket: Socket): Promise<void> {
    socket.on('error', () => {}); // the other end has gone
    const answer = (reply: HandoverReply) => void socket.end(JSON.stringify(reply));
    const text = await readWhole(socket, MAX_REQUEST_BYTES, ANSWER_LIMIT_MS);
    const request = text === undefined ? undefined : parsed(text);
    if (request === undefined) socket.destroy();
    else if (this.#isLeaving) answer({ leaving: true });
    else if (this.#receiver === undefined) this.#waiting.push({ request, answer });
    else answer(this.#taken(request, this.#receiver));
  }

  #taken(request: unknown, receiver: Receiver): HandoverReply {
    try {
      receiver(request);
      return { taken: true };
    } catch (error) {
      return { error: errorRecord(error) };
    }
  }
}

/** Listens under a temporary name, and returns it. Nothing but that it is new matters: others cannot enter the folder. */
function listen(server: Server, folder: LaunchFolder): Promise<string> {
  // Not from node:crypto, which takes 10 ms to load while the window is awaited.
  const name = `new-${process.pid}-${process.hrtime.bigint()}`;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(folder.entry(name), () => {
      server.off('error', reject);
      server.on('error', () => {}); // too few descriptors for one more connection: that launch tries again
      resolve(name);
    });
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function noAnswer(folder: string): CowscopeError {
  return new CowscopeError({
    code: 'HANDOVER_FAILED',
    what: 'the window that is open already does not answer, so nothing could be handed to it',
    subject: folder,
    advice: 'wait until it does, or close it, and try again',
  });
}

function noFolder(folder: string, cause: unknown): CowscopeError {
  return new CowscopeError(
    {
      code: 'HANDOVER_FOLDER',
      what: `there can be no private folder by which launches find the window that is open: ${errorRecord(cause).what}`,
      subject: folder,
      advice: 'this window stands alone; check the owner and permissions of the folder',
    },
    { cause },
  );
}
