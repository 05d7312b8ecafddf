/** The data of one layer as its own qemu-nbd reads it: for what cannot be decompressed here. Started when it is first asked. */
import type { OpenLayer } from '../../chain/discover.ts';
import { connectNbd, type NbdConnection } from '../../nbd/client/client.ts';
import { exportLayer, type LayerExport } from '../../qemu/export-layer.ts';

interface Served {
  readonly server: LayerExport;
  readonly connection: NbdConnection;
}

/** A layer that is read through a separate server, which ends with it. */
export class ServedLayer {
  readonly #layer: OpenLayer;
  readonly #abort = new AbortController();
  #served: Promise<Served> | undefined;

  constructor(layer: OpenLayer) {
    this.#layer = layer;
  }

  /** The bytes of the layer alone. Rejects with the codes of exportLayer and of the NBD client. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    this.#served ??= this.#serve();
    const { connection } = await this.#served;
    return connection.read(offset, length, this.#abort.signal);
  }

  /** Ends the server. */
  async close(): Promise<void> {
    this.#abort.abort();
    const served = await this.#served?.catch(() => undefined);
    await served?.connection.close();
    await served?.server.stop();
  }

  async #serve(): Promise<Served> {
    const { signal } = this.#abort;
    const server = await exportLayer(this.#layer, { signal });
    try {
      return { server, connection: await connectNbd(server.address, { signal }) };
    } catch (error) {
      await server.stop();
      throw error;
    }
  }
}
