export function bundle(names?: readonly string[]): Promise<void>;
export function bundledPackages(): string[];
export function bundledFiles(names: readonly string[]): string[];
