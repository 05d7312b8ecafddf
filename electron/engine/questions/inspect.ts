/** Everything known about one guest offset, with the evidence for each fact. */
import { CowscopeError } from '../../../shared/error.ts';
import { segmentAt } from '../../../shared/extent/columns.ts';
import {
  ABSENT,
  COMPRESSED,
  DAMAGED,
  depthOf,
  HOLE_OVERRIDES,
  LOCAL,
  OUT_OF_RANGE,
  RESERVED,
  stateOf,
  UNREAD,
  UNREADABLE,
  ZERO,
} from '../../../shared/extent/flags.ts';
import { guestWord, layerWord, shownWord, stopAt } from '../../../shared/extent/swept-view.ts';
import { wordAt } from '../../../shared/extent/table.ts';
import type { Evidence, ExtentBounds, InspectedLayer, Inspection } from '../../../shared/model/inspection.ts';
import { decidingContext, type KnownContext } from '../../../shared/nbd-contexts.ts';
import { formatOffset, formatSize } from '../../../shared/text/offset.ts';
import { lookupCluster } from '../../qcow2/read/lookup-cluster.ts';
import type { ChainTables } from '../tables/chain-tables.ts';
import type { NbdTables, StoredLayer } from '../tables/stored-layer.ts';
import { isWholeChain } from '../worker/protocol.ts';
import { contextEvidence } from './context-evidence.ts';
import { boundsAt } from './extent-bounds.ts';
import { hiddenAt } from './extents.ts';

/** Inspects one offset of the guest. Throws OFFSET_OUTSIDE where the disk has no such byte. */
export function inspectAt(tables: ChainTables, offset: number): Inspection {
  const { size } = tables.plan;
  if (!Number.isSafeInteger(offset) || offset < 0 || offset >= size)
    throw new CowscopeError({
      code: 'OFFSET_OUTSIDE',
      what: `the disk has no byte at offset ${formatOffset(offset)}`,
      subject: tables.plan.layers.at(-1)?.title ?? '',
      advice: size === 0 ? 'the disk has no bytes at all' : `its last byte is at ${formatOffset(size - 1)}`,
    });
  const [guestBounds, ...layerBounds] = boundsAt(tables, offset);
  const swept = tables.sweep(Math.floor(offset / tables.pageSpan));
  const segment = segmentAt(swept, offset - swept.base);
  const tracks = tables.tracks().filter(track => track.kind !== 'guest');
  const stop = stopAt(swept, segment);
  const word = guestWord(swept, segment);
  const owner = word & LOCAL ? stop : -1;
  const hidden = hiddenAt(swept, segment);
  const wholeChain = isWholeChain(tables.plan);
  const titles = tracks.toReversed().map(track => track.title);
  const words = swept.words.map((_, slot) => layerWord(swept, slot, segment));
  const layers = tracks.map((track): InspectedLayer => {
    const slot = tables.slotCount - track.id;
    const layer = tables.layers[track.layer] as StoredLayer;
    return {
      track: track.id,
      layer: track.layer,
      title: track.title,
      ...(layerBounds[slot] as ExtentBounds),
      word: words[slot] as number,
      ...clusterFacts(layer, offset, words[slot] as number),
    };
  });
  return {
    offset,
    ...(guestBounds as ExtentBounds),
    owner,
    word: shownWord(swept, segment),
    ...hidden,
    sentence: sentenceOf(word, stop, titles, hidden, {
      wholeChain,
      baseMissing: tables.plan.baseMissing === true,
    }),
    layers,
  };
}

function clusterFacts(
  layer: StoredLayer,
  offset: number,
  word: number,
): Pick<InspectedLayer, 'evidence' | 'hostOffset' | 'clusterSize' | 'l1Index' | 'l2Index'> {
  const evidence: Evidence[] = [];
  const clusterSize = layer.plan.clusterSize;
  let place = { hostOffset: -1, l1Index: -1, l2Index: -1 };
  if (word & OUT_OF_RANGE) {
    evidence.push({
      fact: 'past the end of this layer',
      source: 'size of the layer',
      value: formatSize(layer.plan.size),
    });
    return { evidence, clusterSize, ...place };
  }
  if (layer.metadata !== undefined) {
    const cluster = lookupCluster(layer.metadata.map, offset);
    place = { hostOffset: cluster.hostOffset, l1Index: cluster.l1Index, l2Index: cluster.l2Index };
    evidence.push(...cluster.evidence);
  }
  if (layer.nbd !== undefined) evidence.push(...nbdEvidence(layer, layer.nbd, offset));
  evidence.push(...contextEvidence(layer, offset));
  return { evidence, clusterSize, ...place };
}

function nbdEvidence(layer: StoredLayer, { table, feeder }: NbdTables, offset: number): Evidence[] {
  const word = wordAt(table, offset);
  if (table.pages[Math.floor(offset / table.pageSpan)] === undefined && offset < feeder.position)
    return [{ fact: 'compared with the image’s own tables, then let go', source: 'NBD', value: '' }];
  if (word & UNREAD) return [{ fact: 'not read yet', source: 'NBD', value: '' }];
  if (word & UNREADABLE) return [{ fact: 'could not be read', source: 'NBD', value: '' }];
  const { contexts = [], exportKind } = layer.plan.nbd ?? {};
  const depth = word & LOCAL ? depthOf(word) || 1 : 0;
  const facts: Evidence[] = [];
  const said = (context: KnownContext | undefined) => {
    if (context === undefined || context.joins !== undefined) return; // values that are kept are listed as they came
    const value = context.valueFor(word, depth);
    const fact = context.fact?.(value) ?? context.nbdinfoLabel(value);
    facts.push({ fact, source: `NBD ${context.name}`, value: String(value) });
  };
  said(decidingContext(contexts, 'content')?.context);
  if (exportKind === 'rawLayer')
    facts.push({ fact: 'allocated here', source: 'raw layer', value: 'a raw file holds its whole size' });
  else if (word & (LOCAL | ABSENT)) said(decidingContext(contexts, 'owner')?.context);
  return facts;
}

/** In plain words: what is read here, why, and what it hides. Of an export of a whole chain less is known. */
function sentenceOf(
  word: number,
  stop: number,
  titles: readonly string[],
  { overridden, shadowed }: { overridden: readonly number[]; shadowed: readonly number[] },
  { wholeChain, baseMissing }: { readonly wholeChain: boolean; readonly baseMissing: boolean },
): string {
  const name = (layer: number) => titles[layer] ?? `layer ${layer}`;
  const list = (layers: readonly number[]) => listOf(layers.toReversed().map(name));
  const parts = [firstSentence(word, stop, name, wholeChain)];
  const isLost = (word & UNREADABLE) !== 0;
  if (overridden.length > 0 && isLost)
    parts.push(`${list(overridden)} still ${overridden.length === 1 ? 'holds' : 'hold'} older data here.`);
  else if (overridden.length > 0)
    parts.push(`Hides what ${list(overridden)} ${overridden.length === 1 ? 'holds' : 'hold'} here.`);
  else if (baseMissing && word & LOCAL)
    parts.push('Whether that hides anything is not known: a backing file is not open.');
  if (word & HOLE_OVERRIDES)
    parts.push('It looks like a hole, but it is not: dropping it would bring the hidden data back.');
  if (shadowed.length > 0)
    parts.push(
      `What ${list(shadowed)} ${shadowed.length === 1 ? 'holds' : 'hold'} here is hidden because a layer above is shorter.`,
    );
  return parts.join(' ');
}

/** Names that a sentence lists at most; of more it says how many. */
const MAX_LISTED = 3;

/** Names in a sentence: `a`, `a and b`, `a, b and c`, `a, b and 9 more`. */
function listOf(names: readonly string[]): string {
  const shown = names.length > MAX_LISTED ? names.slice(0, MAX_LISTED - 1) : names.slice(0, -1);
  const last = names.length > MAX_LISTED ? `${names.length - shown.length} more` : (names.at(-1) ?? '');
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`;
}

/** Why nothing is known of what the layer `name` holds here, and what qemu makes of it. */
function lostSentence(word: number, name: string): string {
  if (!(word & DAMAGED)) return `Could not be read in ${name}.`;
  if (!(word & LOCAL)) return `Lost in ${name}: the tables that describe it are damaged.`;
  return word & COMPRESSED
    ? `Reading fails here (I/O error): the compressed data of ${name} would lie past the end of its file.`
    : `Reads as zeros: the data of ${name} would lie past the end of its file, so what was written here is lost.`;
}

function firstSentence(
  word: number,
  stop: number,
  name: (layer: number) => string,
  wholeChain: boolean,
): string {
  if (word & UNREAD)
    return stop < 0
      ? 'Not known: every layer leaves this to a backing file that is not open.'
      : 'Not read yet, or hidden by an owner above and so not known.';
  if (word & UNREADABLE) return lostSentence(word, name(stop));
  if (stop < 0) return 'Reads as zeros: no layer holds anything here.';
  if (word & OUT_OF_RANGE)
    return `Reads as zeros: ${name(stop)} ends before this offset and no layer above it holds anything.`;
  if (!(word & LOCAL))
    return `Reads as ${word & ZERO ? 'zeros' : 'data'}; which layer holds it is not known.`;
  switch (stateOf(word)) {
    case 'compressed':
      return `Reads compressed data from ${name(stop)}.`;
    case 'zeroAllocated':
      return `Reads as zeros, set in ${name(stop)}; host space is ${word & RESERVED ? 'still reserved' : 'not used'}.`;
    case 'zeroHole':
      return wholeChain
        ? `Reads as zeros, set in ${name(stop)}; over NBD it is not known what this hides, nor whether host space is kept.`
        : `Reads as zeros, set in ${name(stop)}; no host space is used.`;
    case 'holeUnknown':
      return `A hole in ${name(stop)} whose content is not known; it is treated as data.`;
    default:
      return `Reads data from ${name(stop)}${word & COMPRESSED ? ' (compressed)' : ''}${word & ZERO ? ', whose host range is a hole' : ''}.`;
  }
}
