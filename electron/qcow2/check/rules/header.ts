/** Marks in the header that qemu passes over, and the programs known to leave them. */
import type { FindingCollector } from '../../../../shared/finding-collector.ts';
import { causeOf } from '../../../../shared/finding-collector.ts';
import { hex } from '../../format/bytes.ts';
import { describeFeatures } from '../../format/extensions.ts';
import { AUTOCLEAR_BITMAPS, AUTOCLEAR_DATA_FILE_RAW } from '../../format/header.ts';
import type { Qcow2Image } from '../../read/image.ts';

/** Extensions of other programs, by type. Sources: xcp-ng/sm (vhdutil and qcow2util), qcow2-lib. */
const PRIVATE_EXTENSIONS = new Map<number, string>([
  [0x76617465, 'the hidden flag of XCP-ng'],
  [0x434c4233, 'cluster hashes of qcow2-lib'],
]);
/** Extensions that are named; the rest is counted. */
const MAX_NAMED = 16;

/** Adds what other programs left in the header. */
export function checkHeaderMarks(collector: FindingCollector, image: Qcow2Image): void {
  const { header, extensions } = image;
  const unknown = header.autoclear & ~(AUTOCLEAR_BITMAPS | AUTOCLEAR_DATA_FILE_RAW);
  if (unknown !== 0n) {
    const names = describeFeatures(unknown, 'autoclear', extensions.featureNames).join(', ');
    collector.add(
      causeOf({
        code: 'QCOW2_AUTOCLEAR_UNKNOWN',
        severity: 'note',
        what: `autoclear features that qemu does not know are set: ${names}; the next program that writes to the image clears them, and what depends on them is stale then`,
        advice: '',
      }),
      {
        host: [88, 8],
        evidence: {
          source: 'header',
          fileOffset: 88,
          value: `0x${header.autoclear.toString(16).padStart(16, '0')}`,
          bits: names,
        },
      },
    );
  }
  for (const { type, name, offset, length } of extensions.entries.slice(0, MAX_NAMED)) {
    if (name !== 'unknown') continue;
    const owner = PRIVATE_EXTENSIONS.get(type);
    collector.add(
      causeOf({
        code: 'QCOW2_EXTENSION_UNKNOWN',
        severity: 'note',
        what:
          owner === undefined
            ? `header extension ${hex(type)} is not known: the program that wrote the image keeps something of its kind there`
            : `header extension ${hex(type)} is ${owner}: qemu keeps it and does not read it`,
        advice: '',
        id: `extension ${hex(type)}`,
      }),
      {
        host: [offset, length],
        evidence: {
          source: 'header extension',
          fileOffset: offset - 8,
          value: hex(type),
          bits: `${length} bytes`,
        },
      },
    );
  }
}
