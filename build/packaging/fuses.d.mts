export const FUSES: Readonly<Record<string, boolean>>;
export function readFuses(file: string): Readonly<Record<string, boolean | undefined>>;
