/**
 * L2 tables whose entries clash with everything else: a table of another image, or an old one, lies in their place. Its
 * entries are well formed, so that nothing in the table itself shows it.
 */
import type { Cause, FindingCollector } from '../../../../shared/finding-collector.ts';
import { guestRange } from '../../../../shared/finding-collector.ts';
import { hex } from '../../format/bytes.ts';
import { compressedRange } from '../../format/compressed.ts';
import { ENTRY_COMPRESSED_HI, entryOffset } from '../../format/entry.ts';
import { CLUSTER_USE } from '../../layout/cluster-uses.ts';
import type { L2Tables } from '../../layout/l2-tables.ts';
import type { ReferenceSink, TableVisitor } from '../../layout/reference-sink.ts';
import { OVERWRITTEN } from '../../read/findings/map-findings.ts';
import type { Qcow2Image } from '../../read/image.ts';
import type { Suspects } from '../suspects.ts';
import type { TableNames } from '../table-names.ts';

/** The code of the finding. */
export const FOREIGN_TABLE = 'QCOW2_L2_FOREIGN';

/** Entries that clash with tables or with other data, without which a table with others is none of these. */
const MIN_CLASHES = 4;
/** Pairs of tables that are compared for all shared clusters together. What is left after that are cross links to others. */
const MAX_COMPARED = 2 ** 26;

/** What a walk for such tables needs. */
export interface ForeignTablesInput {
  readonly image: Qcow2Image;
  readonly tables: L2Tables;
  readonly names: TableNames;
  readonly suspects: Suspects;
  readonly fileLength: number;
  /** True for a table that is no witness against others: it was overwritten, or holds nothing. */
  readonly isUnusual: (index: number) => boolean;
  /** Clusters that are counted and that nothing refers to: the lost table may have named them. */
  readonly leaked: number;
  /** True for a table of which another finding says that it was overwritten. */
  readonly isOverwritten: (index: number) => boolean;
}

/** What the entries of one table name. */
interface Claims {
  readonly index: number;
  /** Entries that name a cluster. */
  used: number;
  /** Those that lead past the end of the file, name a cluster that holds a table, and name one that counts as free. */
  pastEnd: number;
  onTables: number;
  free: number;
  /** The clusters that hold a table, each once: one wrong entry that is repeated names one of them. */
  readonly named: Set<number>;
  /** By cluster of the file, those that other data is mapped to as well, or that count less often than they are named. */
  readonly shared: Map<number, SharedCluster>;
}

/** A cluster in one table. */
interface SharedCluster {
  /** The entries that name it, in ascending order. */
  readonly entries: number[];
  /** True for what several disks may share at the same guest offset: another table is to name it by another entry then. */
  readonly mayBeShared: boolean;
}

/** A table whose entries do not belong to it. */
export interface ForeignTable {
  readonly index: number;
  /** The id of its finding. */
  readonly id: string;
  /** Where it lies in the file. */
  readonly offset: number;
  /** Its entries that lead past the end of the file. */
  readonly pastEnd: number;
}

/** Collects what the entries of all tables name, as far as that is under suspicion. */
export class ForeignTables implements ReferenceSink, TableVisitor {
  readonly countsEntries = true;
  readonly #input: ForeignTablesInput;
  readonly #claims: Claims[] = [];
  /** By shared cluster the tables that name it, and by which of their entries. */
  readonly #namedBy = new Map<number, Map<number, readonly number[]>>();

  constructor(input: ForeignTablesInput) {
    this.#input = input;
  }

  refer(): void {}
  referStream(): void {}
  referBlock(): void {}
  missTable(): void {}

  visitTable(index: number, view: DataView, at: number): void {
    const { image, fileLength, isOverwritten } = this.#input;
    const { clusterSize, clusterBits, entrySize } = image.geometry;
    if (isOverwritten(index)) return;
    const none = { used: 0, pastEnd: 0, onTables: 0, free: 0 };
    const claims: Claims = { index, ...none, named: new Set(), shared: new Map() };
    for (let here = at; here < at + clusterSize; here += entrySize) {
      const hi = view.getUint32(here);
      const lo = view.getUint32(here + 4);
      const isStream = (hi & ENTRY_COMPRESSED_HI) !== 0;
      const host = isStream ? compressedRange(hi, lo, clusterBits).offset : entryOffset(hi, lo);
      if (host === 0) continue;
      claims.used++;
      if (host >= fileLength) claims.pastEnd++;
      else if (isStream) this.#claimTable(claims, Math.floor(host / clusterSize));
      else if (host % clusterSize === 0) this.#claim(claims, host / clusterSize, (here - at) / entrySize);
    }
    if (claims.onTables + claims.shared.size > 0) this.#claims.push(claims);
  }

  /** Counts an entry whose cluster holds a table; true where it does. */
  #claimTable(claims: Claims, cluster: number): boolean {
    const suspect = this.#input.suspects.get(cluster);
    if (suspect === undefined || (suspect.uses & CLUSTER_USE.table) === 0) return false;
    if (this.#isUnusualTable(cluster)) return true;
    claims.onTables++;
    claims.named.add(cluster);
    return true;
  }

  #claim(claims: Claims, cluster: number, entry: number): void {
    const suspect = this.#input.suspects.get(cluster);
    if (suspect === undefined || this.#claimTable(claims, cluster)) return;
    const { isShared, stored, references } = suspect;
    if (isShared || (references > 1 && stored !== undefined && stored < references)) {
      const own = claims.shared.get(cluster) ?? { entries: [], mayBeShared: !isShared };
      own.entries.push(entry);
      claims.shared.set(cluster, own);
      const tables = this.#namedBy.get(cluster) ?? new Map<number, readonly number[]>();
      tables.set(claims.index, own.entries);
      this.#namedBy.set(cluster, tables);
    } else if (stored === 0) claims.free++;
  }

  /** True for a cluster that is an L2 table by an L1 entry alone, and not by what it holds: the L1 entry is wrong then. */
  #isUnusualTable(cluster: number): boolean {
    const { image, names, isUnusual } = this.#input;
    const index = names.indexOf(cluster * image.geometry.clusterSize);
    return index >= 0 && isUnusual(index);
  }

  /** Adds the finding of each such table. Of two tables that clash with each other alone nothing tells which is wrong. */
  addTo(collector: FindingCollector): ForeignTable[] {
    const found = new Set<number>();
    const foreign: ForeignTable[] = [];
    const pairs = [...this.#namedBy.values()].reduce((sum, { size }) => sum + size * size, 0);
    for (let compared = pairs; compared <= MAX_COMPARED; compared += pairs) {
      const worst = this.#next(found);
      if (worst === undefined) break;
      found.add(worst.claims.index);
      foreign.push(this.#add(collector, worst));
    }
    return foreign;
  }

  /** The table with the most against it that is not found yet and clashes with what is left. */
  #next(found: ReadonlySet<number>): Charge | undefined {
    const charges = this.#claims
      .filter(({ index }) => !found.has(index))
      .map(claims => this.#charge(claims, found))
      .filter(charge => isForeign(charge) || this.#isL1Table(charge));
    const byIndex = new Map(charges.map(charge => [charge.claims.index, charge]));
    const isWorst = (charge: Charge) =>
      [...charge.partners].every(partner => {
        const other = byIndex.get(partner);
        return other === undefined || compareCharges(charge, other) < 0;
      });
    return charges.filter(isWorst).sort(compareCharges)[0];
  }

  /**
   * True for a table that names nothing but tables, where more was lost than single wrong entries lose. A place that the
   * image itself names as an L1 table or as the refcount table is one: the L1 entry is wrong that names it.
   */
  #isL1Table({ claims: { index, named, used } }: Charge): boolean {
    const { image, tables, leaked } = this.#input;
    const { l1TableOffset, refcountTableOffset } = image.header;
    const offset = tables.offsets[index] as number;
    const isNamed =
      offset === l1TableOffset ||
      offset === refcountTableOffset ||
      image.snapshots.some(snapshot => snapshot.l1TableOffset === offset);
    return !isNamed && named.size === used && leaked > used;
  }

  #charge(claims: Claims, found: ReadonlySet<number>): Charge {
    const partners = new Set<number>();
    let shared = 0;
    for (const [cluster, { entries, mayBeShared }] of claims.shared) {
      const tables = this.#namedBy.get(cluster) as ReadonlyMap<number, readonly number[]>;
      const left = [...tables].filter(([index]) => index !== claims.index && !found.has(index));
      // By the same entry several disks may share it: the entry that all other tables have, where each has one.
      const sole = left[0]?.[1][0] ?? -1;
      const isSole = (others: readonly number[]) => mayBeShared && others.length === 1 && others[0] === sole;
      const isSpared = entries.includes(sole) && left.every(([, others]) => isSole(others));
      if (left.length > 0) shared += entries.length - Number(isSpared);
      else if (tables.size === 1 && !mayBeShared) shared += entries.length;
      for (const [index, others] of left)
        if (entries.length > 1 || !mayBeShared || others.length > 1 || others[0] !== entries[0])
          partners.add(index);
    }
    // A crash that lost refcounts leaves tables that name free clusters and share others, and nothing leaked.
    const hasLeaks = this.#input.leaked > 0;
    const alone = claims.pastEnd + claims.named.size + (hasLeaks ? claims.free : 0);
    return { claims, shared, partners: hasLeaks ? partners : new Set([...partners].slice(0, 1)), alone };
  }

  #add(collector: FindingCollector, { claims, shared }: Charge): ForeignTable {
    const { image, tables, names } = this.#input;
    const { geometry, header } = image;
    const { index, used, pastEnd, onTables, named, free } = claims;
    const offset = tables.offsets[index] as number;
    const counts: [number, string, string][] = [
      [shared, 'names a cluster that holds other data', 'name clusters that hold other data'],
      [onTables, 'names a cluster that holds a table', 'name clusters that hold tables'],
      [pastEnd, 'leads past the end of the file', 'lead past the end of the file'],
      [free, 'names a cluster that counts as free', 'name clusters that count as free'],
    ];
    const countTexts = counts
      .filter(([count]) => count > 0)
      .map(([count, one, several]) => `${count} ${count === 1 ? one : several}`);
    const written =
      named.size === used
        ? 'a table that names tables, such as an L1 table,'
        : 'a table of another image, or an old one of this image,';
    const what = `${names.tableName(index)} holds entries that do not belong to it: of its ${used} ${used === 1 ? 'entry' : 'entries'}, ${countTexts.join(', ')}; ${written} was probably written over it`;
    const id = `foreign L2 table at ${hex(offset)}`;
    const cause: Cause = {
      id,
      code: FOREIGN_TABLE,
      severity: 'corruption',
      what: () => what,
      advice:
        'do not start the machine and write nothing to the image: copy the file first; do not run `qemu-img check -r` on the only copy, which frees what the lost table named: its data is in clusters that nothing refers to',
    };
    const guest = names.guestOf(index);
    collector.add(cause, {
      ...(guest < 0 ? {} : guestRange(guest, guest + geometry.l1Coverage, header.size)),
      host: [offset, geometry.clusterSize],
      evidence: {
        source: 'L2 table',
        fileOffset: offset,
        value: `${used} ${used === 1 ? 'entry' : 'entries'}`,
        bits: countTexts.join(', '),
      },
    });
    return { index, id, offset, pastEnd };
  }
}

/** What speaks against one table: what it shares with tables that are believed, and what tells of it alone. */
interface Charge {
  readonly claims: Claims;
  readonly shared: number;
  readonly partners: ReadonlySet<number>;
  readonly alone: number;
}

function isForeign({ claims, shared, partners, alone }: Charge): boolean {
  return (
    shared + claims.named.size >= MIN_CLASHES &&
    (2 * (shared + alone) >= claims.used || shared + claims.named.size >= OVERWRITTEN) &&
    (alone > 0 || partners.size > 1)
  );
}

/** Negative where more speaks against `a`. */
function compareCharges(a: Charge, b: Charge): number {
  return b.alone - a.alone || b.partners.size - a.partners.size;
}
