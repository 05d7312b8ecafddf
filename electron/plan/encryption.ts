/** What encrypted layers mean for a job of qemu-img: it needs their keys, and what it copies is decrypted on the way. */
import { type Finding, makeFinding } from '../../shared/model/finding.ts';
import type { LayerInfo } from '../../shared/model/layer.ts';
import { fileWord } from '../../shared/text/shell.ts';
import { listNames } from './hazard-list.ts';
import { quotedLayer } from './layer-names.ts';

/** Stands for the name of the file that holds the key, which only the user knows. */
const KEY_FILE = 'KEYFILE';

/** True for a layer that qemu opens with its key alone. */
export function isEncrypted(layer: LayerInfo | undefined): boolean {
  return (layer?.qcow2?.encryption ?? 'none') !== 'none';
}

/** How a command of qemu-img names an image. */
export interface ImageArguments {
  readonly options: readonly string[];
  /** The word that stands for the image. */
  readonly image: string;
}

/**
 * Names the topmost of the layers that qemu-img opens, base first, with a key for each that is encrypted; `plain` are the
 * options where none is. Source: bdrv_open_inherit, which takes options of the backing file behind `backing.`.
 */
export function imageArguments(opened: readonly LayerInfo[], plain: readonly string[]): ImageArguments {
  const top = opened.at(-1);
  const file = fileWord(top?.path ?? '');
  const encrypted = opened.filter(isEncrypted);
  if (top === undefined || encrypted.length === 0) return { options: plain, image: file };
  const secrets = encrypted.map(
    ({ index }) => `${'backing.'.repeat(top.index - index)}encrypt.key-secret=key${index}`,
  );
  const objects = encrypted.flatMap(({ index }) => ['--object', `secret,id=key${index},file=${KEY_FILE}`]);
  const name = `file.filename=${top.path.replaceAll(',', ',,')}`;
  const image = [`driver=${top.format}`, name, ...secrets].join(',');
  return { options: [...objects, '--image-opts'], image };
}

/** The finding that keys are needed, where qemu-img opens encrypted layers, of `all` in the chain. */
export function keyNeeded(opened: readonly LayerInfo[], all: readonly LayerInfo[]): Finding | undefined {
  const encrypted = opened.filter(isEncrypted);
  if (encrypted.length === 0) return undefined;
  return makeFinding({
    code: 'PLAN_KEY_NEEDED',
    severity: 'note',
    layer: encrypted.at(-1)?.index ?? 0,
    what: `${namesOf(encrypted, all)} ${encrypted.length === 1 ? 'is' : 'are'} encrypted: a job opens ${encrypted.length === 1 ? 'it' : 'them'} with the key alone`,
    advice: `in the commands, put the name of the file with the key in the place of ${KEY_FILE}`,
    count: encrypted.length,
  });
}

/** The finding that data copied from encrypted `sources` is stored unencrypted in a target without encryption. */
export function storedUnencrypted(
  sources: readonly LayerInfo[],
  target: LayerInfo,
  all: readonly LayerInfo[],
): Finding | undefined {
  const encrypted = sources.filter(isEncrypted);
  if (encrypted.length === 0 || isEncrypted(target)) return undefined;
  return makeFinding({
    code: 'PLAN_STORED_UNENCRYPTED',
    severity: 'hazard',
    layer: target.index,
    what: `data that is encrypted in ${namesOf(encrypted, all)} is stored unencrypted in ${quotedLayer(target, all)}`,
    advice: 'to keep it encrypted, make a new image with `qemu-img convert -o encrypt.format=luks` instead',
    count: encrypted.length,
  });
}

function namesOf(layers: readonly LayerInfo[], all: readonly LayerInfo[]): string {
  return listNames(layers.map(layer => quotedLayer(layer, all)));
}
