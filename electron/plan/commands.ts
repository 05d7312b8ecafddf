/** The commands that carry a plan out, to be copied. Nothing runs them here. */
import type { LayerInfo } from '../../shared/model/layer.ts';
import { fileWord, shellCommand } from '../../shared/text/shell.ts';
import type { CommitInput } from './commit/commit-input.ts';
import { imageWords, isEncrypted } from './encryption.ts';
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
  const { options, image } = imageWords(infos.slice(0, top + 1), ['-f', source.format]);
  const commit = shellCommand(['qemu-img', 'commit', '-p', ...options, ...where, image]);
  if (above === undefined) return [commit];
  return [
    commit,
    relinkCommand(above, ['-F', base.format, '-b', fileWord(nameBeside(above.path, base.path))]),
  ];
}

/** The commands of a rebase, of a flatten and of a drop. */
export function rebaseCommands({ layers, target, base, unsafe, job }: RebaseInput): string[] {
  const overlay = layers[target]?.info as LayerInfo;
  const below = layers[base]?.info;
  if (job !== 'qemu-img') {
    const base = below === undefined ? [] : ['--base', below.path];
    return [shellCommand(['virsh', 'blockpull', DOMAIN, DISK, ...base, '--verbose', '--wait'])];
  }
  const name = below === undefined ? '' : fileWord(nameBeside(overlay.path, below.path));
  if (unsafe) return [relinkCommand(overlay, backingWords(below, name))];
  const opened = layers.slice(0, target + 1).map(({ info }) => info);
  const { options, image } = imageWords(opened, ['-f', overlay.format]);
  // With --image-opts, qemu-img takes no relative name for the new backing file.
  const onto = backingWords(below, opened.some(isEncrypted) ? (below?.path ?? '') : name);
  return [shellCommand(['qemu-img', 'rebase', '-p', ...options, ...onto, image])];
}

/** The command that changes the recorded backing file alone: qemu-img opens no other layer. */
function relinkCommand(overlay: LayerInfo, backing: readonly string[]): string {
  const { options, image } = imageWords([overlay], []);
  return shellCommand(['qemu-img', 'rebase', '-u', ...options, ...backing, image]);
}

function backingWords(below: LayerInfo | undefined, name: string): readonly string[] {
  return below === undefined ? ['-b', ''] : ['-F', below.format, '-b', name];
}

/** The command that deletes an internal snapshot of the topmost of `opened`, which qemu-img opens, base first. */
export function deleteSnapshotCommand(opened: readonly LayerInfo[], name: string): string {
  const { options, image } = imageWords(opened, []);
  return shellCommand(['qemu-img', 'snapshot', '-d', name, ...options, image]);
}

/** The backing name for an image at `image`: a name alone where both lie in one folder. */
function nameBeside(image: string, backing: string): string {
  const folder = (path: string) => path.slice(0, path.lastIndexOf('/') + 1);
  const name = backing.slice(folder(backing).length);
  return folder(image) === folder(backing) && name !== '' ? name : backing;
}
