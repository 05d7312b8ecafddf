/** Entry of the engine's worker thread: binds the engine to its mailbox. */
import { getPriority, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../../shared/assert.ts';
import { PRESTART_WARM_UP } from './prestarted-worker.ts';
import type { ToEngine } from './protocol.ts';
import { createSystemEngine } from './system-engine.ts';

/** Priority after the first picture: below that of painting (0 or less), above that of our qemu-nbd processes (10). */
const NICE = 5;

assert(parentPort !== null, 'the engine’s worker runs only as a worker thread');
const port = parentPort;
const engine = createSystemEngine((message, transfer) => port.postMessage(message, transfer ?? []));
let isPictureAsked = false;
port.on('message', (message: ToEngine) => {
  engine.receive(message);
  if (isPictureAsked || message.kind !== 'ask' || message.question !== 'tiles') return;
  isPictureAsked = true;
  lowerPriority();
});
if (workerData === PRESTART_WARM_UP) void import('./warm-up.ts').then(({ warmUp }) => warmUp());

/**
 * Lowers this thread's priority once there is a first picture: from then on a frame matters more than what is still
 * read. Linux has a priority for each thread; elsewhere this would lower the whole program's.
 */
function lowerPriority(): void {
  if (process.platform !== 'linux') return;
  try {
    if (getPriority(0) < NICE) setPriority(0, NICE); // never raised, where the whole program was started low
  } catch {
    // The system does not allow it; everything works at the old priority.
  }
}
