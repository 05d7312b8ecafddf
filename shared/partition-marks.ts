/** The marks that partition tables bear: of a boot record and of the header of a GPT. UEFI 2.10, sections 5.2 and 5.3. */
import { dataViewOf, uint64At } from './bytes.ts';

/** Bytes of a boot record, whatever the sector size. */
const BOOT_RECORD_BYTES = 512;
const BOOT_MARK_AT = 510;
const GPT_SIGNATURE = 'EFI PART';
/** Bytes of the header that has the signature, and where it says its own sector. */
const GPT_HEADER_BYTES = 92;
const OWN_SECTOR_AT = 24;

/** True if the bytes of a sector end as a boot record does. Boot sectors of file systems do, too. */
export function hasBootMark(bytes: Uint8Array): boolean {
  return (
    bytes.length >= BOOT_RECORD_BYTES && bytes[BOOT_MARK_AT] === 0x55 && bytes[BOOT_MARK_AT + 1] === 0xaa
  );
}

/** True if the header of a GPT begins at an offset of these bytes, damaged or not; false where they could not be read. */
export function hasGptSignature(bytes: Uint8Array | undefined, at = 0): boolean {
  if (bytes === undefined || at < 0 || at + GPT_SIGNATURE.length > bytes.length) return false;
  for (let i = 0; i < GPT_SIGNATURE.length; i++)
    if (bytes[at + i] !== GPT_SIGNATURE.charCodeAt(i)) return false;
  return true;
}

/** The sector that the header of a GPT at an offset records as its own; -1 where there is no header. */
export function gptSectorAt(bytes: Uint8Array, at: number): number {
  if (!hasGptSignature(bytes, at) || at + GPT_HEADER_BYTES > bytes.length) return -1;
  return uint64At(dataViewOf(bytes), at + OWN_SECTOR_AT, true);
}
