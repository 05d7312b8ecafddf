/**
 * Which format a file has, by its magic alone.
 * Source: qemu's probe functions in block/; qemu itself knows dmg by the file's name and a fixed VHD not at all.
 */
import { dataViewOf } from '../../../shared/bytes.ts';
import type { ImageFormat } from '../../../shared/model/layer.ts';
import { QCOW_MAGIC } from '../format/header.ts';
import { type ImageSource, readBytes } from './source.ts';

/** What a file was recognized as. */
export interface RecognizedFormat {
  readonly format: Exclude<ImageFormat, 'nbd'>;
  /** What can and cannot be shown of it, one sentence; empty for formats that are drawn in full. */
  readonly sentence: string;
}

// An ISO 9660 file system names itself in the volume descriptor at sector 16 of 2 KiB.
const ISO_MAGIC_OFFSET = 0x8001;
const HEAD_BYTES = ISO_MAGIC_OFFSET + 5;

const SENTENCES: Partial<Record<ImageFormat, string>> = {
  vmdk: namedOnly('a VMware disk (vmdk)', 'vmdk'),
  vdi: namedOnly('a VirtualBox disk (vdi)', 'vdi'),
  vhdx: namedOnly('a Hyper-V disk (vhdx)', 'vhdx', false),
  vhd: namedOnly('a Virtual PC disk (vhd)', 'vpc'),
  parallels: namedOnly('a Parallels disk', 'parallels'),
  qed: namedOnly('a QEMU enhanced disk (qed)', 'qed'),
  dmg: namedOnly('an Apple disk image (dmg)', 'dmg', false),
  bochs: namedOnly('a Bochs disk (bochs)', 'bochs', false),
  cloop: namedOnly('a compressed loop image (cloop)', 'cloop', false),
  luks: 'This is a LUKS volume: what lies inside cannot be shown without its key; opened as raw it is one range of data.',
  iso: 'This is a CD or DVD image (iso): it is a raw disk without layers and can be opened as raw.',
};

/** `driver` is qemu's name of the format; `tellsHoles` is false where qemu reports all of such a disk as data. */
function namedOnly(what: string, driver: string, tellsHoles = true): string {
  return `This is ${what}, and its own tables are not read: ${howToServe(driver)}${tellsHoles ? '' : ', which shows all of it as data'}; or convert it with \`qemu-img convert -f ${driver} -O qcow2\`.`;
}

/** How to see a disk that only qemu reads; `options` are those of qemu-nbd beside its format. */
export function howToServe(driver: string, options = ''): string {
  return `serve it with \`qemu-nbd --read-only --persistent --socket=SOCKET --format=${driver}${options} FILE\` and open nbd+unix:///?socket=SOCKET`;
}

/**
 * The format of an opened file by its magic. A file with none is raw: only the person or a recorded format can tell
 * whether it really is. Throws QCOW2_READ_FAILED.
 */
export function recognizeFormat(source: ImageSource): RecognizedFormat {
  return recognizedAs(
    formatOf(readBytes(source, 0, HEAD_BYTES), () => readBytes(source, Math.max(0, source.size - 512), 512)),
  );
}

/** What is said of a file that has a format by its magic. */
export function recognizedAs(format: RecognizedFormat['format']): RecognizedFormat {
  return { format, sentence: SENTENCES[format] ?? '' };
}

function formatOf(head: Uint8Array, readTail: () => Uint8Array): RecognizedFormat['format'] {
  const starts = (text: string) => hasText(head, 0, text);
  if (head.length >= 8 && dataViewOf(head).getUint32(0) === QCOW_MAGIC)
    return dataViewOf(head).getUint32(4) === 1 ? 'qcow' : 'qcow2';
  if (starts('KDMV') || starts('COWD') || starts('# Disk DescriptorFile')) return 'vmdk';
  if (starts('vhdxfile')) return 'vhdx';
  if (starts('QED\0')) return 'qed';
  if (starts('LUKS\xba\xbe')) return 'luks';
  if (starts('WithoutFreeSpace') || starts('WithouFreSpacExt')) return 'parallels';
  if (head.length >= 68 && dataViewOf(head).getUint32(64, true) === 0xbeda107f) return 'vdi';
  if (starts('Bochs Virtual HD Image\0')) return 'bochs';
  if (starts('#!/bin/sh\n#V2.0 Format\nmodprobe cloop ')) return 'cloop';
  // A dynamic VHD repeats its footer at the start; a fixed one and a dmg only have one at the end.
  if (starts('conectix')) return 'vhd';
  const tail = readTail();
  if (hasText(tail, 0, 'conectix')) return 'vhd';
  if (hasText(tail, 0, 'koly')) return 'dmg';
  if (hasText(head, ISO_MAGIC_OFFSET, 'CD001')) return 'iso';
  return 'raw';
}

/** True if `text` (one byte a character) lies at `at`. */
function hasText(bytes: Uint8Array, at: number, text: string): boolean {
  if (bytes.length < at + text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}
