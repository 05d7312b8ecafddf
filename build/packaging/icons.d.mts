export const ICON_SOURCE: string;
export const ICON_SIZES_PX: readonly number[];
export function icoOf(images: readonly (readonly [width: number, png: Uint8Array])[]): Buffer;
export function icnsOf(images: readonly (readonly [type: string, png: Uint8Array])[]): Buffer;
