/** The versions of qemu-img and how their map differs. Without the form itself, so that the command line need not load it. */

/** What differs between versions of qemu-img. */
export interface QemuImgDialect {
  /** Rows have the key `compressed`: since 8.2. */
  readonly compressed: boolean;
}

/** A version of qemu-img. */
export interface QemuImgVersion {
  readonly major: number;
  readonly minor: number;
}

/** The first version that prints `present`. */
export const OLDEST_QEMU_IMG = '6.1';

/** True from {@link OLDEST_QEMU_IMG} on. */
export function isKnownQemuImg({ major, minor }: QemuImgVersion): boolean {
  return major > 6 || (major === 6 && minor >= 1);
}

/** What a version prints. */
export function qemuImgDialect({ major, minor }: QemuImgVersion): QemuImgDialect {
  return { compressed: major > 8 || (major === 8 && minor >= 2) };
}
