/** The data of a chain of files, read by our own reader from the descriptors that are open. */
import { fstatSync } from 'node:fs';
import type { OpenLayer } from '../../chain/discover.ts';
import type { ContentSource, LayerIdentity } from './content-source.ts';

/**
 * The data of layers, base first, of which the top is shown as it was in an internal snapshot where one is named.
 * `isComplete` says that no backing file is missing below them.
 */
export function fileContent(
  layers: readonly OpenLayer[],
  snapshotId: string | undefined,
  isComplete: boolean,
): ContentSource {
  const snapshotOf = (index: number) => (index === layers.length - 1 ? snapshotId : undefined);
  return {
    identities: () => layers.map((layer, index) => identityOf(layer, snapshotOf(index))),
    async open() {
      const { openFileReader } = await import('./file-reader.ts'); // loaded when bytes are compared
      return openFileReader(
        layers,
        layers.map((_, index) => snapshotOf(index)),
      );
    },
    async openGuest() {
      const { openGuestFiles } = await import('./guest-files.ts'); // loaded when the guest's tables are read
      return openGuestFiles(layers, snapshotId, isComplete);
    },
  };
}

function identityOf({ info, format, source, dataFile, image }: OpenLayer, snapshotId = ''): LayerIdentity {
  const file = fileIdentity(source.fd);
  // All layers of a capture lie in one file.
  const own = source.frames === undefined ? file : `${file} layer ${info.index}`;
  const data = dataFile === undefined ? own : fileIdentity(dataFile.fd);
  const holder = `${format} ${own} ${data} ${snapshotId}`;
  // What lies at a host offset of an encrypted image depends on its key, too.
  return { holder, file: image !== undefined && image.header.cryptMethod !== 0 ? '' : data };
}

function fileIdentity(fd: number): string {
  const stat = fstatSync(fd, { bigint: true });
  return stat.isBlockDevice() ? `device ${stat.rdev}` : `${stat.dev} ${stat.ino}`;
}
