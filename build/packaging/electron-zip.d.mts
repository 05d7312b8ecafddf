/** Where Forge finds the runtime, and what it is. */
export interface PackagingRuntime {
  readonly zipFolder: string;
  /** Path of the icon's files for Windows and macOS, without their ending. */
  readonly icon: string;
  readonly version: string;
  readonly origin: 'override' | 'official' | 'npm';
  /** The fuses it has, in the order of the wire. */
  readonly fuses: readonly string[];
}
export function readRuntime(): PackagingRuntime;
