/** Entry of the merge worker thread: binds the core to its mailbox. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../shared/assert.ts';
import { createMergeCore } from './core.ts';
import type { ToMerge } from './protocol.ts';
import { rehearse } from './rehearse.ts';
import { REHEARSE } from './spare-worker.ts';

assert(parentPort !== null, 'the merge worker runs only as a worker thread');
const port = parentPort;
const core = createMergeCore((message, transfer) => port.postMessage(message, transfer ?? []));
port.on('message', (message: ToMerge) => core.receive(message));
if (workerData === REHEARSE) void rehearse();
