/** What a bug report needs to know of the machine and of this run, without a name of anything that was opened. */
import { release } from 'node:os';
import { findQemuNbd, type QemuVersion, qemuImgVersion } from '../qemu/tools.ts';

/** What the shell knows of itself. */
export interface ShellInfo {
  readonly version: string;
  readonly versions: NodeJS.ProcessVersions;
  readonly env: NodeJS.ProcessEnv;
  /** Electron's status of the compositor, such as `enabled` or `disabled_software`. */
  readonly compositing: string;
  /** Entries of the log, oldest first. */
  readonly log: readonly string[];
}

/** The text that "Copy diagnostics" copies: a line each for programs and system, then the log. */
export async function diagnostics({ version, versions, env, compositing, log }: ShellInfo): Promise<string> {
  const [nbd, img] = await Promise.all([
    findQemuNbd(env).catch(() => undefined),
    qemuImgVersion(env).catch(() => undefined),
  ]);
  const display = env.WAYLAND_DISPLAY ? 'Wayland' : env.DISPLAY ? 'X11' : 'none';
  return [
    `cowscope ${version}`,
    `Electron ${versions.electron}, Chromium ${versions.chrome}, Node ${versions.node}`,
    `${process.platform} ${process.arch}, kernel ${release()}, display ${display}, compositing ${compositing}`,
    `qemu-nbd ${versionText(nbd?.version)}, qemu-img ${versionText(img)}`,
    '',
    ...log,
    '',
  ].join('\n');
}

function versionText(version: QemuVersion | undefined): string {
  return version === undefined ? 'not found' : `${version.major}.${version.minor}`;
}
