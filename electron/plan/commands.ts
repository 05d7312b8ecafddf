/** The commands that carry a plan out, to be copied. Nothing runs them here. */
import { type Finding, makeFinding } from '../../shared/model/finding.ts';
import type { LayerInfo } from '../../shared/model/layer.ts';
import type { Plan } from '../../shared/model/plan/plan.ts';
import { fileWord, shellCommand } from '../../shared/text/shell.ts';
import { UNSAFE } from '../../shared/text/untrusted-text.ts';
import type { CommitInput, LayerTables } from './commit/commit-input.ts';
import { imageArguments, isEncrypted } from './encryption.ts';
import type { RebaseInput } from './rebase/rebase-input.ts';

/** Stand for the names that only the platform knows: those of libvirt, and those of devices and nodes in a running qemu. */
const DOMAIN = 'DOMAIN';
const DISK = 'DISK';
const DEVICE = 'DEVICE';
const TOP_NODE = 'TOPNODE';
const BASE_NODE = 'BASENODE';

/** What the QMP commands call their job. */
const JOB = 'cowscope';

/**
 * The files whose names are not UTF-8: a command is text, and text cannot name them. What is shown of such a name has
 * U+FFFD in it.
 */
function unnameable(layers: readonly (LayerTables | undefined)[]): readonly LayerTables[] {
  return layers.filter(layer => layer !== undefined).filter(({ info }) => info.path.includes('\ufffd'));
}

/** The finding that a plan has no commands, where a file that it names has a name that is not UTF-8. */
export function noCommand(named: readonly LayerTables[]): Finding | undefined {
  const [first, ...others] = unnameable(named);
  if (first === undefined) return undefined;
  return makeFinding({
    code: 'PLAN_NO_COMMAND',
    severity: 'note',
    layer: first.info.index,
    what: 'no command can be given: the path of the file is not UTF-8, and what can be shown of it is not its name',
    advice: 'rename the file or the folder, and record the new name in what rests on it',
    count: 1 + others.length,
  });
}

/** The commands of a commit. */
export function commitCommands(input: CommitInput): string[] {
  const { layers, target, top, job } = input;
  if (unnameable([layers[target], layers[top], layers[top + 1]]).length > 0) return [];
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
  const { options, image } = imageArguments(infos.slice(0, top + 1), ['-f', source.format]);
  const commit = shellCommand(['qemu-img', 'commit', '-p', ...options, ...where, image]);
  if (above === undefined) return [commit];
  return [
    commit,
    relinkCommand(above, ['-F', base.format, '-b', fileWord(nameBeside(above.path, base.path))]),
  ];
}

/**
 * The commands of a commit one layer at a time, the lowest first: each layer is committed, and the next one pointed at the
 * target. Undefined for a single layer, for jobs of a running qemu, and where a layer is smaller than one below it: data that
 * it hides by its size would show in between.
 */
export function stepwiseCommands({ layers, target, top, job }: CommitInput): string[] | undefined {
  const involved = layers.slice(target, top + 2);
  const [base, ...others] = involved.map(({ info }) => info);
  const committed = layers.slice(target, top + 1).map(({ info }) => info);
  const grows = committed.every(({ size }, at) => at === 0 || size >= (committed[at - 1]?.size ?? 0));
  if (job !== 'qemu-img' || top - target < 2 || base === undefined || !grows) return undefined;
  if (unnameable(involved).length > 0 || layers.some(({ info }) => isEncrypted(info))) return undefined;
  return others.flatMap((layer, at) => {
    const relink = relinkCommand(layer, [
      '-F',
      base.format,
      '-b',
      fileWord(nameBeside(layer.path, base.path)),
    ]);
    const commit = shellCommand(['qemu-img', 'commit', '-p', '-f', layer.format, '-d', fileWord(layer.path)]);
    // The lowest rests on the target as it is, and the layer above the topmost is not committed.
    return [...(at === 0 ? [] : [relink]), ...(layer.index <= top ? [commit] : [])];
  });
}

/**
 * The QMP commands of a commit by a running qemu; none for one by qemu-img. Layers are named by their nodes: qemu finds none by
 * the name of its file where the layers above were opened with options for what lies below them, as libvirt does it.
 */
export function commitQmp({ layers, target, top, job }: CommitInput): Pick<Plan, 'qmp'> {
  const [base, above] = [layers[target], layers[top + 1]];
  if (job === 'qemu-img' || base === undefined) return {};
  const nodes = { 'job-id': JOB, device: DEVICE, 'base-node': BASE_NODE };
  if (above === undefined)
    return {
      qmp: [qmpCommand('block-commit', nodes), qmpCommand('block-job-complete', { device: JOB })],
    };
  return { qmp: [qmpCommand('block-commit', { ...nodes, 'top-node': TOP_NODE, ...recorded(above, base) })] };
}

/** The QMP commands of a flatten, a rebase or a drop by a running qemu; none for one by qemu-img. */
export function streamQmp({ layers, target, base, job }: RebaseInput): Pick<Plan, 'qmp'> {
  const [below, overlay] = [layers[base], layers[target]];
  if (job === 'qemu-img' || overlay === undefined) return {};
  const onto = below === undefined ? {} : { 'base-node': BASE_NODE, ...recorded(overlay, below) };
  return { qmp: [qmpCommand('block-stream', { 'job-id': JOB, device: DEVICE, ...onto })] };
}

/** The name that qemu is to record; without it qemu records the one by which it opened the file. */
function recorded(above: LayerTables, below: LayerTables): object {
  if (unnameable([above, below]).length > 0) return {};
  return { 'backing-file': fileWord(nameBeside(above.info.path, below.info.path)) };
}

function qmpCommand(execute: string, args: object): string {
  // Characters that could steer a terminal are escaped as JSON escapes them.
  return JSON.stringify({ execute, arguments: args }).replace(UNSAFE, jsonEscape);
}

function jsonEscape(character: string): string {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  return units.map(unit => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

/** The commands of a rebase, of a flatten and of a drop. */
export function rebaseCommands({ layers, target, base, unsafe, job }: RebaseInput): string[] {
  if (unnameable([layers[target], layers[base]]).length > 0) return [];
  const overlay = layers[target]?.info as LayerInfo;
  const below = layers[base]?.info;
  if (job !== 'qemu-img') {
    const base = below === undefined ? [] : ['--base', below.path];
    return [shellCommand(['virsh', 'blockpull', DOMAIN, DISK, ...base, '--verbose', '--wait'])];
  }
  const name = below === undefined ? '' : fileWord(nameBeside(overlay.path, below.path));
  if (unsafe) return [relinkCommand(overlay, backingWords(below, name))];
  const opened = layers.slice(0, target + 1).map(({ info }) => info);
  const { options, image } = imageArguments(opened, ['-f', overlay.format]);
  // With --image-opts, qemu-img takes no relative name for the new backing file.
  const onto = backingWords(below, opened.some(isEncrypted) ? (below?.path ?? '') : name);
  return [shellCommand(['qemu-img', 'rebase', '-p', ...options, ...onto, image])];
}

/** The command that changes the recorded backing file alone: qemu-img opens no other layer. */
function relinkCommand(overlay: LayerInfo, backing: readonly string[]): string {
  const { options, image } = imageArguments([overlay], []);
  return shellCommand(['qemu-img', 'rebase', '-u', ...options, ...backing, image]);
}

function backingWords(below: LayerInfo | undefined, name: string): readonly string[] {
  return below === undefined ? ['-b', ''] : ['-F', below.format, '-b', name];
}

/** The command that deletes an internal snapshot of the topmost of `opened`, which qemu-img opens, base first. */
export function deleteSnapshotCommands(opened: readonly LayerInfo[], name: string): string[] {
  if (`${opened.at(-1)?.path} ${name}`.includes('\ufffd')) return [];
  const { options, image } = imageArguments(opened, []);
  return [shellCommand(['qemu-img', 'snapshot', '-d', name, ...options, image])];
}

/** The backing name for an image at `image`: a name alone where both lie in one folder. */
function nameBeside(image: string, backing: string): string {
  const folder = (path: string) => path.slice(0, path.lastIndexOf('/') + 1);
  const name = backing.slice(folder(backing).length);
  return folder(image) === folder(backing) && name !== '' ? name : backing;
}
