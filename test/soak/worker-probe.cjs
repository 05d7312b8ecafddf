/** Loaded into a worker before its own code: answers what memory is left there after a forced collection. */
const { BroadcastChannel, threadId } = require('node:worker_threads');
const { setFlagsFromString } = require('node:v8');
const { runInNewContext } = require('node:vm');

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
const channel = new BroadcastChannel('cowscope-soak');
channel.onmessage = ({ data }) => {
  if (data !== 'memory') return;
  collect();
  collect();
  const { heapUsed, arrayBuffers, external } = process.memoryUsage();
  channel.postMessage({ threadId, heapUsed, arrayBuffers, external });
};
