/** qemu-nbd on a whole chain, as a person would start it or with the caches that suit a walk over its tables. */
import { waitForGreeting } from '../../electron/nbd/client/greeting.ts';
import { startServer } from '../../electron/qemu/server-process.ts';
import type { BenchChain } from './images.ts';

/** A running server. */
export interface ChainServer {
  readonly socket: string;
  readonly uri: string;
  /** Resolves when it has ended by itself being asked to, so that its usage is known. */
  stop(): Promise<void>;
}

/** `default`: qemu's own cache sizes. `tuned`: an L2 cache entry of a whole cluster and 1 MiB of cache for each layer. */
export type Tuning = 'default' | 'tuned';

/** Serves the chain read-only with allocation depth; ready when it greets. */
export async function serveChain(chain: BenchChain, tuning: Tuning): Promise<ChainServer> {
  const image = tuning === 'default' ? ['-f', 'qcow2', chain.top] : ['--image-opts', tunedImage(chain)];
  const args = (socket: string) => ['-r', '-t', '-A', '-e', '16', '-k', socket, ...image];
  const server = startServer(() => ['qemu-nbd'], args, []);
  const ended = new AbortController();
  void server.exited.then(() => ended.abort());
  if (!(await waitForGreeting(server.socket, ended.signal))) {
    const { failure, stderr } = await server.end(0);
    throw new Error(`qemu-nbd did not serve ${chain.top}: ${failure || stderr.trim()}`);
  }
  return {
    socket: server.socket,
    uri: `nbd+unix:///?socket=${server.socket}`,
    async stop() {
      await server.end(10_000);
    },
  };
}

function tunedImage({ files }: BenchChain): string {
  const layers = files.toReversed().flatMap((file, depth) => {
    const node = 'backing.'.repeat(depth);
    return [
      `${node}driver=qcow2,${node}l2-cache-entry-size=65536,${node}l2-cache-size=1M`,
      `${node}file.driver=file,${node}file.filename=${file.replaceAll(',', ',,')}`,
    ];
  });
  return layers.join(',');
}
