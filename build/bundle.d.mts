export function bundle(names?: readonly string[]): Promise<void>;
