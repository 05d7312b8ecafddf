/** The layout of a file for a person: sums by kind, and who refers to a cluster. */
import type { LayerInfo } from '../../../shared/model/layer.ts';
import {
  type ClusterUser,
  type GuestPlace,
  HOST_KINDS,
  type HostCluster,
  type HostLayout,
  type HostRun,
} from '../../../shared/model/layout.ts';
import { dataRunsText, endsInsideText, HOST_KIND_NAMES } from '../../../shared/text/host-kinds.ts';
import {
  exactSize,
  formatCount,
  formatOffset,
  formatShare,
  formatSize,
} from '../../../shared/text/offset.ts';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';

/** What is said of a cluster that the file does not reach. */
const PAST_FILE = 'past the end of the file';
/** The longest line: the longest path that the usual systems take, and some words. */
const MAX_LINE_CHARACTERS = 4200;
const NAME_WIDTH = Math.max(...HOST_KINDS.map(kind => HOST_KIND_NAMES[kind].length));
/** Bytes of a cluster in a new image where nothing else is said. */
const DEFAULT_CLUSTER_SIZE = 65_536;
/** Of an offset: 12 digits, 0x and the separators. */
const OFFSET_CHARACTERS = 16;

/** What the file holds, in the order of its kinds; kinds that it does not have are left out. `dataRuns`: pieces of `data`. */
export function layoutText(
  { index, path, backing }: LayerInfo,
  layout: HostLayout,
  dataRuns: number,
): string {
  const { fileLength, clusterSize, imageEnd, sums, copyBytes } = layout;
  const options = copyOptions(clusterSize, backing.status !== 'none');
  const rows = HOST_KINDS.filter(kind => sums[kind] > 0).map(kind => {
    const share = formatShare(sums[kind] / fileLength).padStart(7);
    return `  ${HOST_KIND_NAMES[kind].padEnd(NAME_WIDTH)}  ${formatSize(sums[kind]).padStart(11)}  ${share}`;
  });
  return textOf([
    `layer ${index}: ${path}`,
    `  file of ${formatSize(fileLength)} in clusters of ${formatSize(clusterSize)}, image end ${formatOffset(imageEnd)}`,
    ...(imageEnd > fileLength ? [`  ${endsInsideText(layout)}`] : []),
    ...(sums.data > 0 ? [`  plain data lies in ${dataRunsText(dataRuns, sums.data)}`] : []),
    '',
    ...rows,
    ...(copyBytes === undefined
      ? []
      : [
          '',
          `  a copy by \`qemu-img convert -O qcow2${options}\` has at most ${exactSize(copyBytes)}, and no internal snapshots and bitmaps${sums.leaked > 0 ? '; what is leaked here is not in it: see first what cowscope check says of it' : ''}`,
        ]),
  ]);
}

/** What makes a copy with clusters of the same size that rests on the same backing file. */
function copyOptions(clusterSize: number, hasBacking: boolean): string {
  const size = clusterSize === DEFAULT_CLUSTER_SIZE ? '' : ` -o cluster_size=${clusterSize}`;
  return `${size}${hasBacking ? ' -B …' : ''}`;
}

/** One row of a list of ranges. */
export function layoutRowText({ start, length, kind }: HostRun): string {
  return `  ${formatOffset(start).padEnd(OFFSET_CHARACTERS)}  ${formatSize(length).padStart(11)}  ${HOST_KIND_NAMES[kind]}\n`;
}

/** A cluster, its refcount and everything that refers to it. */
export function clusterText(
  { start, length, kind, refcount, references, users }: HostCluster,
  fileLength: number,
): string {
  const what = start >= fileLength ? PAST_FILE : HOST_KIND_NAMES[kind];
  const left = references - users.length;
  return textOf([
    `cluster ${formatOffset(start)}, ${formatSize(length)}: ${what}`,
    `  refcount ${refcount ?? 'not readable'}, ${references === 1 ? '1 reference' : `${formatCount(references)} references`}`,
    ...users.flatMap(userLines),
    ...(left > 0 && users.length > 0 ? [`  and ${formatCount(left)} more`] : []),
  ]);
}

function userLines({ what, places }: ClusterUser): string[] {
  if (places === undefined) return [`  ${what}`];
  if (places.length === 0) return [`  ${what}, which no disk uses`];
  return [`  ${what}`, ...places.map(place => `    ${placeText(place)}`)];
}

function placeText({ snapshot, l1Index, start, length }: GuestPlace): string {
  const disk = snapshot === undefined ? 'active disk' : `snapshot ${JSON.stringify(snapshot)}`;
  return `guest ${formatOffset(start)}, ${formatSize(length)}, of the ${disk} (L1 entry ${formatCount(l1Index)})`;
}

function textOf(lines: readonly string[]): string {
  return `${lines.map(line => escapeUntrusted(line, MAX_LINE_CHARACTERS)).join('\n')}\n`;
}
