/** The commands that carry a plan out, to be copied. Nothing runs them here. */
import type { LayerInfo } from '../../shared/model/layer.ts';
import { fileWord, rebaseCommand, shellCommand } from '../../shared/text/shell.ts';
import type { CommitInput } from './commit/commit-input.ts';
import type { RebaseInput } from './rebase/rebase-input.ts';

/** Stand for the names that only the platform knows. */
const DOMAIN = 'DOMAIN';
const DISK = 'DISK';

/** The commands of a commit. */
export function commitCommands(input: CommitInput): string[] {
  const { layers, target, top, job } = input;
  const infos = layers.map(({ info }) => info);
  const base = infos[target] as LayerInfo;
  const source = infos[top] as LayerInfo;
  if (job !== 'qemu-img') {
    const end = job === 'active' ? ['--active', '--pivot'] : ['--wait'];
    const from = job === 'active' ? [] : ['--top', source.path];
    return [
      shellCommand(['virsh', 'blockcommit', DOMAIN, DISK, '--base', base.path, ...from, '--verbose', ...end]),
    ];
  }
  const above = infos[top + 1];
  // With -b, qemu-img leaves the committed layer as it is; -d says the same where the layers are neighbors.
  const where = target === top - 1 ? ['-d'] : ['-b', fileWord(base.path)];
  const commit = shellCommand([
    'qemu-img',
    'commit',
    '-p',
    '-f',
    source.format,
    ...where,
    fileWord(source.path),
  ]);
  if (above === undefined) return [commit];
  return [commit, rebaseCommand(above.path, nameBeside(above.path, base.path), base.format)];
}

/** The commands of a rebase, of a flatten and of a drop. */
export function rebaseCommands({ layers, target, base, unsafe, job }: RebaseInput): string[] {
  const overlay = layers[target]?.info as LayerInfo;
  const below = layers[base]?.info;
  if (job !== 'qemu-img') {
    const onto = below === undefined ? [] : ['--base', below.path];
    return [shellCommand(['virsh', 'blockpull', DOMAIN, DISK, ...onto, '--verbose', '--wait'])];
  }
  const backing =
    below === undefined
      ? ['-b', '']
      : ['-F', below.format, '-b', fileWord(nameBeside(overlay.path, below.path))];
  const how = unsafe ? ['-u'] : ['-p', '-f', overlay.format];
  return [shellCommand(['qemu-img', 'rebase', ...how, ...backing, fileWord(overlay.path)])];
}

/** The command that deletes an internal snapshot. */
export function deleteSnapshotCommand(image: string, nameOrId: string): string {
  return shellCommand(['qemu-img', 'snapshot', '-d', nameOrId, fileWord(image)]);
}

/** The backing name for an image at `image`: a name alone where both lie in one folder. */
function nameBeside(image: string, backing: string): string {
  const folder = (path: string) => path.slice(0, path.lastIndexOf('/') + 1);
  const name = backing.slice(folder(backing).length);
  return folder(image) === folder(backing) && name !== '' ? name : backing;
}
