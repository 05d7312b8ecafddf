/** The runtime that was found: its program, its folder and where it comes from. */
export interface ElectronRuntime {
  readonly executable: string;
  readonly folder: string;
  readonly origin: 'override' | 'official' | 'npm';
}

/** Ready for spawn. */
export interface ElectronCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Those of `args` that are for Chromium. */
  readonly flags: readonly string[];
  readonly runtime: ElectronRuntime;
  readonly why?: undefined;
}

/** Why there is none, one sentence. */
export interface NoElectron {
  readonly why: string;
}

export interface ElectronOptions {
  readonly programArgs?: readonly string[] | undefined;
  readonly switches?: readonly string[] | undefined;
  readonly request?: string | undefined;
  readonly offscreen?: boolean | undefined;
  readonly say?: ((line: string) => void) | undefined;
}

export function electronCommand(options?: ElectronOptions): Promise<ElectronCommand | NoElectron>;
export function takeRequest(args: readonly string[]): { request: string | undefined; rest: string[] };
export function hasDisplay(): boolean;
export function virtualDisplay():
  | { readonly command: string; readonly args: readonly string[]; readonly why?: undefined }
  | NoElectron;
export function isOnPath(name: string): boolean;
export function isRoot(): boolean;
export function sandboxProblem(folder: string): string | undefined;
