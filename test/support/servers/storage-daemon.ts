/** Live commits without a machine: a qemu-storage-daemon that opens a chain and runs one job on it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A layer to open. */
export interface DaemonLayer {
  readonly path: string;
  readonly format: 'qcow2' | 'raw';
}

/** The commit of a running qemu. */
export interface LiveCommit {
  /** The qemu-storage-daemon. */
  readonly program: string;
  /** Base first. */
  readonly layers: readonly DaemonLayer[];
  readonly target: number;
  readonly top: number;
  /** The QMP commands of the job as a plan has them: the first starts it, and the second follows once it is ready. */
  readonly qmp: readonly string[];
  readonly discard: 'ignore' | 'unmap';
}

/** What became of it: the job's error, if it had one, and what the program traced of writes. */
export interface LiveCommitResult {
  readonly error: string | undefined;
  readonly trace: string;
}

/** Longest time for one job, in milliseconds. */
const JOB_TIMEOUT_MS = 20_000;

interface QmpMessage {
  readonly event?: string;
  readonly error?: { readonly desc: string };
  readonly data?: { readonly error?: string };
}

/** Carries out a job on the chain, and ends the daemon. Rejects when it dies or takes too long. */
export async function commitLive(commit: LiveCommit): Promise<LiveCommitResult> {
  const { program, layers, target, top, qmp } = commit;
  const chain = JSON.stringify(blockdev(commit, layers.length - 1));
  const monitor = ['--chardev', 'stdio,id=qmp', '--monitor', 'chardev=qmp'];
  const child = spawn(program, ['--trace', 'blk_co_pwritev', '--blockdev', chain, ...monitor]);
  let trace = '';
  child.stderr.setEncoding('utf8').on('data', text => {
    trace += text;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), JOB_TIMEOUT_MS);
  const ended = once(child, 'close');
  const send = (line: string | undefined) => child.stdin.write(`${line}\n`);
  const nodes: Readonly<Record<string, number>> = {
    DEVICE: layers.length - 1,
    TOPNODE: top,
    BASENODE: target,
  };
  const [start, complete] = qmp.map(line =>
    line.replace(/"(DEVICE|TOPNODE|BASENODE)"/g, (_, word: string) => `"l${nodes[word]}"`),
  );
  let error: string | undefined;
  send('{"execute":"qmp_capabilities"}');
  send(start);
  for await (const line of createInterface({ input: child.stdout })) {
    const message = JSON.parse(line) as QmpMessage;
    if (message.event === 'BLOCK_JOB_READY') send(complete);
    error ??=
      message.error?.desc ?? (message.event === 'BLOCK_JOB_COMPLETED' ? message.data?.error : undefined);
    if (message.error !== undefined || message.event === 'BLOCK_JOB_COMPLETED') send('{"execute":"quit"}');
  }
  const [code] = await ended;
  clearTimeout(timer);
  if (code !== 0) throw new Error(`qemu-storage-daemon ended with ${code}: ${trace.slice(-2000)}`);
  return { error, trace };
}

function blockdev(commit: LiveCommit, index: number): object {
  const { layers, discard } = commit;
  const { path, format } = layers[index] as DaemonLayer;
  return {
    driver: format,
    'node-name': `l${index}`,
    discard,
    file: { driver: 'file', filename: path, discard },
    ...(format === 'raw' ? {} : { backing: index === 0 ? null : blockdev(commit, index - 1) }),
  };
}
