/** The data of an NBD export, read over the connection on which the export is open. */
import type { NbdConnection } from '../../nbd/client/client.ts';
import type { ContentSource } from './content-source.ts';

/** Connects to the export. */
type Connect = (signal: AbortSignal) => Promise<NbdConnection>;

/**
 * What `opened` gives is read from: many servers let one client in at a time, as qemu-nbd does without `--shared`. Where
 * that connection has ended, `connect` opens another one. Two exports are never known to be the same.
 */
export function nbdContent(opened: () => NbdConnection, connect: Connect): ContentSource {
  return {
    identities: () => [],
    async open(signal) {
      const usable = new UsableConnection(opened, () => connect(signal));
      await usable.get();
      return {
        async read(into, { offset }, until) {
          const connection = await usable.get();
          into.set(await connection.read(offset, into.length, until));
        },
        close: () => usable.close(),
      };
    },
    async openGuest(signal) {
      const usable = new UsableConnection(opened, () => connect(signal));
      const { size } = await usable.get();
      return {
        size,
        async read(offset, length) {
          const connection = await usable.get();
          return connection.read(offset, length, signal);
        },
        close: () => usable.close(),
      };
    },
  };
}

/** The connection of the open export, or the only other one that is opened once that has ended. */
class UsableConnection {
  readonly #opened: () => NbdConnection;
  readonly #connect: () => Promise<NbdConnection>;
  #other: Promise<NbdConnection> | undefined;

  constructor(opened: () => NbdConnection, connect: () => Promise<NbdConnection>) {
    this.#opened = opened;
    this.#connect = connect;
  }

  /** Rejects with the NBD codes where the server lets this client in no more. */
  async get(): Promise<NbdConnection> {
    const opened = this.#opened();
    if (opened.error === undefined) return opened;
    this.#other ??= this.#connect();
    return this.#other;
  }

  /** Closes what was opened here. */
  async close(): Promise<void> {
    const other = await this.#other?.catch(() => undefined);
    await other?.close();
  }
}
