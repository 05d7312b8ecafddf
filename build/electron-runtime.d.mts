import type { ElectronRuntime, NoElectron } from './launch-electron.mjs';

export function electronRuntime(options?: {
  readonly request?: string | undefined;
  readonly say?: ((line: string) => void) | undefined;
}): Promise<(ElectronRuntime & { readonly why?: undefined }) | NoElectron>;
