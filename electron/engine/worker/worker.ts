/** Entry of the merge worker thread: binds the core to its mailbox. */
import { getPriority, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../../shared/assert.ts';
import { fileSource } from '../../qcow2/read/file-source.ts';
import { createEngine } from '../engine.ts';
import { PRESTART_WARM_UP } from './prestarted-worker.ts';
import type { ToEngine } from './protocol.ts';
import { warmUp } from './warm-up.ts';

/** Between that of whoever draws (0 or less) and that of our servers (10). */
const NICE = 5;

assert(parentPort !== null, 'the merge worker runs only as a worker thread');
const port = parentPort;
const core = createEngine((message, transfer) => port.postMessage(message, transfer ?? []), fileSource);
let isDrawn = false;
port.on('message', (message: ToEngine) => {
  core.receive(message);
  if (isDrawn || message.kind !== 'ask' || message.question !== 'tiles') return;
  isDrawn = true;
  yieldCores();
});
if (workerData === PRESTART_WARM_UP) void warmUp();

/**
 * Lets those who draw go first, once there is a first picture: what is still read may come a little later, a frame may
 * not. Servers of our own yield even to this thread. Linux knows the priority of a single thread; elsewhere this would
 * be the whole program's.
 */
function yieldCores(): void {
  if (process.platform !== 'linux') return;
  try {
    if (getPriority(0) < NICE) setPriority(0, NICE); // never up, where the whole program was started low
  } catch {
    // the system does not let us, and everything works as well
  }
}
