/** The layers that a choice of what to plan means. */
import type { LayerInfo } from '../../../shared/model/layer.ts';
import type { PlanChoice } from '../../../shared/model/plan/plan.ts';
import { usageError } from '../cli-target.ts';

/** Indexes of layers. */
export interface ChosenLayers {
  /** The one that is written to. */
  readonly target: number;
  /** The topmost that takes part. */
  readonly from: number;
  /** What the target rests on afterwards, -1 for nothing. Of a rebase, flatten or drop. */
  readonly base: number;
}

/** The layers that are meant. Throws USAGE for a choice that makes no sense. */
export function chosenLayers(layers: readonly LayerInfo[], choice: PlanChoice): ChosenLayers {
  const { operation } = choice;
  if (operation === 'commit') return committedLayers(layers, choice);
  const top = layers.length - 1;
  const subject = layers[top]?.path ?? '';
  if (choice.job === 'active')
    throw usageError('--job active is about commits', 'use --job live, or qemu-img', subject);
  const from = choice.from === undefined ? undefined : layerNamed(layers, choice.from);
  const rested = restedLayers(layers, choice, from);
  // blockpull fills the disk's active layer, and compares nothing.
  if (choice.job === 'live' && choice.unsafe === true)
    throw usageError('only qemu-img changes a link alone', 'leave --job out, or --unsafe', subject);
  if (choice.job === 'live' && operation !== 'delete-snapshot' && rested.target !== top)
    throw usageError(
      'libvirt has a running qemu pull into the top layer alone',
      'use --job qemu-img while nothing has the images open',
      subject,
    );
  return rested;
}

/** The layers of everything but a commit. */
function restedLayers(
  layers: readonly LayerInfo[],
  choice: PlanChoice,
  from: number | undefined,
): ChosenLayers {
  const { operation } = choice;
  const top = layers.length - 1;
  const subject = layers[top]?.path ?? '';
  if (operation === 'delete-snapshot') return { target: from ?? top, from: from ?? top, base: -1 };
  if (operation === 'drop') {
    const dropped = from ?? top - 1;
    if (dropped < 0 || dropped >= top)
      throw usageError(
        'a layer can be dropped that has another one above it',
        'name it with --from',
        subject,
      );
    return { target: dropped + 1, from: dropped + 1, base: dropped - 1 };
  }
  const target = from ?? top;
  if (target < 1)
    throw usageError('the layer has no backing file', 'cowscope layers lists the layers', subject);
  if (operation === 'flatten') return { target, from: target, base: -1 };
  if (choice.base === undefined)
    throw usageError('it is not said onto which layer', 'add --base with a layer of the chain', subject);
  const base = layerNamed(layers, choice.base);
  if (base >= target)
    throw usageError(`layer ${target} cannot rest on layer ${base}`, 'name a layer below it', subject);
  return { target, from: target, base };
}

function committedLayers(layers: readonly LayerInfo[], { job, from, into }: PlanChoice): ChosenLayers {
  const top = layers.length - 1;
  const usual = job === 'live' ? top - 1 : top;
  const source = from === undefined ? usual : layerNamed(layers, from);
  const target = into === undefined ? source - 1 : layerNamed(layers, into);
  const subject = layers[top]?.path ?? '';
  if (source < 1 && into === undefined)
    throw usageError(
      job === 'live'
        ? 'a live commit needs a layer between the top and the base'
        : 'there is no layer below to commit into',
      'cowscope layers lists the layers',
      subject,
    );
  if (target >= source)
    throw usageError(
      `layer ${source} cannot be committed into layer ${target}`,
      'a commit goes into a layer below',
      subject,
    );
  if (job === 'active' && source !== top)
    throw usageError(
      'an active commit is about the top layer',
      'leave --from out, or use --job live',
      subject,
    );
  if (job === 'live' && source === top)
    throw usageError('a live commit is about layers below the top', 'use --job active', subject);
  return { target, from: source, base: -1 };
}

/** The index of the layer that a word names: its number, its path or its name. */
function layerNamed(layers: readonly LayerInfo[], word: string): number {
  const number = /^\d{1,4}$/.test(word) ? Number(word) : -1;
  if (layers[number] !== undefined) return number;
  const end = `/${word.replace(/^\.\//, '')}`;
  const exact = layers.findIndex(({ path }) => path === word);
  if (exact >= 0) return exact;
  const [found, other] = layers.filter(({ path }) => path.endsWith(end));
  if (found !== undefined && other !== undefined)
    throw usageError(
      `layers ${found.index} and ${other.index} are both called ${JSON.stringify(word)}`,
      'name the layer by its number or by its path',
      layers.at(-1)?.path,
    );
  if (found !== undefined) return found.index;
  throw usageError(
    `the chain has no layer ${JSON.stringify(word)}`,
    'cowscope layers lists the layers',
    layers.at(-1)?.path,
  );
}
