/** The data of an NBD export, read over a separate connection. */
import type { NbdConnection } from '../../nbd/client/client.ts';
import type { ContentSource } from './content-source.ts';

/** What `connect` gives is read from. Two exports are never known to be the same. */
export function nbdContent(connect: (signal: AbortSignal) => Promise<NbdConnection>): ContentSource {
  return {
    identities: () => [],
    async open(signal) {
      const connection = await connect(signal);
      return {
        async read(into, { offset }, until) {
          into.set(await connection.read(offset, into.length, until));
        },
        close: () => connection.close(),
      };
    },
    async openGuest(signal) {
      const connection = await connect(signal);
      const { size } = connection;
      return {
        size,
        read: (offset, length) => connection.read(offset, length, signal),
        close: () => connection.close(),
      };
    },
  };
}
