/** What dirty bitmaps and contexts of unknown meaning say about one offset, as evidence for the inspector. */
import { DIRTY, DIRTY_UNKNOWN, UNREAD, UNREADABLE } from '../../../shared/extent/flags.ts';
import { PageWriter } from '../../../shared/extent/page.ts';
import { wordAt } from '../../../shared/extent/table.ts';
import type { Evidence } from '../../../shared/model/inspection.ts';
import { BITMAP_PREFIX, knownContext } from '../../../shared/nbd-contexts.ts';
import { formatSize } from '../../../shared/text/offset.ts';
import { mapBitmapPage } from '../../qcow2/read/bitmap-map.ts';
import { lowNumber, numberText } from '../tables/number-tables.ts';
import type { MetadataTable, NbdTables, StoredLayer } from '../tables/stored-layer.ts';

/** Bitmaps listed as not read, because no server was asked about them: an image may have 65,535. */
const MAX_UNFED_LISTED = 64;

/** The evidence of every bitmap of the layer, in the file and over NBD, and of every context kept as its numbers. */
export function contextEvidence(layer: StoredLayer, offset: number): Evidence[] {
  return [
    ...(layer.metadata === undefined ? [] : fileBitmaps(layer.metadata, offset)),
    ...(layer.nbd === undefined ? [] : servedContexts(layer.nbd, offset)),
  ];
}

function fileBitmaps({ bitmaps }: MetadataTable, offset: number): Evidence[] {
  return bitmaps.map(({ name, map, words }) => {
    const { unusable, enabled, granularity } = map.bitmap;
    const writer = new PageWriter();
    writer.begin();
    mapBitmapPage(map, offset, offset + 1, writer);
    const word = words.word(writer.seal().codes[0] as number);
    const kept = enabled ? 'recording' : 'disabled: not recording any more';
    return {
      fact: dirtyFact(word),
      source: `bitmap ${JSON.stringify(name)} in the image`,
      value: unusable ?? `${kept}, one bit for ${formatSize(granularity)}`,
    };
  });
}

function servedContexts({ bitmaps, unfedBitmaps, numbers }: NbdTables, offset: number): Evidence[] {
  const dirty = bitmaps.map(({ name, table }): Evidence => {
    const word = wordAt(table, offset);
    const value = word & UNREAD ? 'not read' : word & DIRTY_UNKNOWN ? 'could not be read' : '';
    return { fact: dirtyFact(word), source: `NBD ${BITMAP_PREFIX}${name}`, value };
  });
  const unfed = unfedBitmaps.slice(0, MAX_UNFED_LISTED).map((name): Evidence => {
    return { fact: dirtyFact(UNREAD), source: `NBD ${BITMAP_PREFIX}${name}`, value: 'not read' };
  });
  const raw = [...numbers.values()].map((kept): Evidence => {
    const word = wordAt(kept.table, offset);
    const source = `NBD ${kept.name}`;
    if (word & UNREAD) return { fact: 'not read', source, value: '' };
    if (word & UNREADABLE) return { fact: 'could not be read', source, value: '' };
    const text = numberText(kept, word);
    const fact = knownContext(kept.name)?.fact?.(lowNumber(kept, word) ?? 0);
    return { fact: fact ?? 'a number of a meaning not known here', source, value: text };
  });
  return [...dirty, ...unfed, ...raw];
}

function dirtyFact(word: number): string {
  if (word & (UNREAD | UNREADABLE | DIRTY_UNKNOWN)) return 'not known whether dirty or clean';
  return word & DIRTY ? 'dirty' : 'clean';
}
