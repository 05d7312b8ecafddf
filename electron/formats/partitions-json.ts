/** The JSON of the guest's partitions: the document of `cowscope partitions`, and what other documents hold of it. */
import type { Finding } from '../../shared/model/finding.ts';
import type { GuestDisk } from '../../shared/model/guest/guest-disk.ts';
import type { ChainInfo } from '../../shared/model/layer.ts';
import { sharesOf } from '../../shared/text/guest/partition-text.ts';

/** Name and version of the document: docs/formats/partitions.md. */
const SCHEMA = { schema: 'cowscope.partitions', version: 1 } as const;

/** The document as plain data. */
export function partitionsDocument(chain: ChainInfo, disk: GuestDisk): object {
  const filename = chain.layers.at(-1)?.path ?? '';
  return { ...SCHEMA, filename, ...guestDocument(disk), findings: disk.findings };
}

/** The disk without its notes, which stand among the findings. */
export function guestDocument({ findings: _findings, ...disk }: GuestDisk): Omit<GuestDisk, 'findings'> {
  return disk;
}

/** A finding with the partitions that its guest ranges lie in; `partition` is null for what lies in none. */
export function withPartitions(finding: Finding, chain: ChainInfo, disk: GuestDisk): object {
  const clusterSize = chain.layers[finding.layer]?.clusterSize ?? 1;
  const partitions = sharesOf(finding.guest, disk, clusterSize).map(({ partition, bytes, clusters }) => ({
    partition: partition?.number ?? null,
    bytes,
    clusters,
  }));
  return { ...finding, partitions };
}
