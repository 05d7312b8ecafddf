/** The commands that carry a plan out, to be copied. Nothing runs them here. */
import type { LayerInfo } from '../../shared/model/layer.ts';
import { fileWord, rebaseCommand, shellCommand } from '../../shared/text/shell.ts';
import type { CommitInput } from './commit-input.ts';

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

/** The backing name for an image at `image`: a name alone where both lie in one folder. */
function nameBeside(image: string, backing: string): string {
  const folder = (path: string) => path.slice(0, path.lastIndexOf('/') + 1);
  const name = backing.slice(folder(backing).length);
  return folder(image) === folder(backing) && name !== '' ? name : backing;
}
