/** The forms in which a place is copied: every one is taken by the tool it is for as it stands. */
import { fileWord, shellCommand } from '../../../shared/text/shell.ts';

/** Bytes that a line for qemu-io reads: a sector, which it prints on a screen. */
const READ_BYTES = 512;
const SECTOR_BYTES = 512;

/** What is copied: bytes of the guest's disk, and where they are stored. */
export interface CopiedBytes {
  readonly start: number;
  readonly end: number;
  /** The image that qemu-io opens, with its format. */
  readonly image?: { readonly path: string; readonly format: string };
  /** Bytes of a file in which the data lies as it is. */
  readonly stored?: { readonly path: string; readonly offset: number; readonly length: number };
}

/** One form, and what it is called in the menu. */
export interface CopyForm {
  readonly label: string;
  readonly text: string;
}

/** An offset as C, shells, qemu-io and gdb read it. */
export function plainHex(offset: number): string {
  return `0x${offset.toString(16)}`;
}

/** Offset and length, as qemu-io and qemu-img take a range. */
export function plainRange(start: number, end: number): string {
  return `${plainHex(start)} ${plainHex(end - start)}`;
}

/** The further forms of a place, beside {@link plainHex} and {@link plainRange} of it. */
export function copyForms({ start, end, image, stored }: CopiedBytes): readonly CopyForm[] {
  const forms: CopyForm[] = [{ label: 'Copy in decimal', text: String(start) }];
  if (start % SECTOR_BYTES === 0)
    forms.push({ label: 'Copy as 512-byte sector', text: String(start / SECTOR_BYTES) });
  forms.push({ label: 'Copy start and length', text: plainRange(start, end) });
  if (image !== undefined) {
    const read = `read -v ${plainHex(start)} ${Math.min(READ_BYTES, end - start)}`;
    const words = ['qemu-io', '-r', '-f', image.format, '-c', read, fileWord(image.path)];
    forms.push({ label: 'Copy qemu-io command', text: shellCommand(words) });
  }
  if (stored !== undefined) {
    const { path, offset, length } = stored;
    const words = [
      'dd',
      `if=${path}`,
      'iflag=skip_bytes,count_bytes',
      `skip=${offset}`,
      `count=${length}`,
      'bs=64K',
      'status=none',
    ];
    forms.push({ label: 'Copy dd command of the stored bytes', text: shellCommand(words) });
  }
  return forms;
}
