/**
 * Findings: everything that is wrong or dangerous in a chain, and nothing else. What could not be done is an error
 * (shared/error.ts). A finding is made where it is found and goes unchanged to the window, the command line, reports
 * and JSON. docs/findings.md has an entry for every code.
 */

/** A part of a guest disk or of a file, in bytes. */
export type Range = readonly [start: number, length: number];

/**
 * Severities, worst first.
 *
 * `corruption`: data or metadata is lost or contradictory, or qemu refuses the image.
 * `hazard`: nothing is lost yet, and an ordinary next step or another reader loses or misreads data.
 * `leak`: space of the file is wasted, all data is whole.
 * `note`: legal and harmless, and worth knowing.
 */
export const FINDING_SEVERITIES = ['corruption', 'hazard', 'leak', 'note'] as const;

/** One of {@link FINDING_SEVERITIES}. */
export type FindingSeverity = (typeof FINDING_SEVERITIES)[number];

/** The layer number of a finding that is about the chain as a whole. */
export const WHOLE_CHAIN = -1;

/** Most guest ranges, host ranges and pieces of evidence that one finding keeps of each. `count` counts all places. */
export const MAX_FINDING_PLACES = 16;

/** What `bits` of an evidence says of a value that is a plain number: its unit. */
export const EVIDENCE_BYTES = 'bytes';
export const EVIDENCE_MILLISECONDS = 'milliseconds since 1970';

/** A value that proves a finding, as it was found. */
export interface FindingEvidence {
  /** What was read, such as `L2 entry`, `header` or `size of the file`. */
  readonly source: string;
  /** Where the value lies in the layer's file, in bytes; absent where it lies in no file. */
  readonly fileOffset?: number;
  /** The raw value: hexadecimal with 0x for what is stored as a number. Untrusted text. */
  readonly value: string;
  /** The bits or fields of the value by name, or its unit; empty where there is nothing to name. */
  readonly bits: string;
}

/** What one source says where two differ, such as `metadata` and `data`. */
export interface WitnessAnswer {
  readonly witness: string;
  readonly answer: string;
}

/** One cause of something wrong or dangerous, with all its places. Plain values only. */
export interface Finding {
  /** Names the cause within its layer: two findings of one layer with the same id are the same finding. */
  readonly id: string;
  /** Stable: an entry of docs/findings.md. */
  readonly code: string;
  readonly severity: FindingSeverity;
  /** Index in ChainInfo.layers, {@link WHOLE_CHAIN} for the chain as a whole. */
  readonly layer: number;
  /** What is wrong, in one sentence without the file's name. Untrusted text. */
  readonly what: string;
  /** The next safe step, in words; empty where there is nothing to do. Untrusted text. */
  readonly advice: string;
  /**
   * Guest ranges concerned, in order and apart: the first {@link MAX_FINDING_PLACES}. A bad table names its whole span.
   * Empty where no offset of the guest is concerned. They hold less than `bytesAtRisk` where some were left out.
   */
  readonly guest: readonly Range[];
  /** Places of the layer's file that it is about, in order and apart: the first {@link MAX_FINDING_PLACES}. */
  readonly host: readonly Range[];
  /** The first {@link MAX_FINDING_PLACES} values that prove it. */
  readonly evidence: readonly FindingEvidence[];
  /** How many places this cause has, such as bad entries of one table, kept above or not. At least 1. */
  readonly count: number;
  /** Bytes of the guest's disk whose content is lost or at risk, all places together; 0 where what is read is whole. */
  readonly bytesAtRisk: number;
  /** The id of the finding of the same layer that explains this one, or whose cause this one tells: it is shown under that one. */
  readonly causedBy?: string;
  /** Both answers, where two sources differ. */
  readonly witnesses?: readonly [WitnessAnswer, WitnessAnswer];
}

/** The code of notes that tell how the finding which they name as `causedBy` came about, and do not follow from it. */
export const LIKELY_CAUSE = 'QCOW2_LIKELY_CAUSE';

/** Codes of what is found by comparing two witnesses of one layer. */
export const WITNESS_CODES: readonly string[] = ['WITNESSES_DIFFER', 'BITMAPS_DIFFER', 'CONTEXTS_DIFFER'];

/** How many findings there are in all, and of each severity. */
export interface FindingSummary {
  readonly total: number;
  readonly severities: Readonly<Record<FindingSeverity, number>>;
}

/** Nothing was found. */
export const NO_FINDINGS: FindingSummary = {
  total: 0,
  severities: { corruption: 0, hazard: 0, leak: 0, note: 0 },
};

/** Where a finding shows: the guest offset where one of its ranges begins, on its layer. */
export interface FindingPlace {
  readonly layer: number;
  readonly offset: number;
}

/**
 * Where findings of a layer touch columns of equal width: for each column 1 + the index of the worst severity in
 * FINDING_SEVERITIES, 0 where there is none. Notes do not count.
 */
export interface FindingMarks {
  readonly layer: number;
  readonly columns: Uint8Array;
}

/** How many findings of one code, severity and layer there are. */
export interface FindingCount {
  readonly code: string;
  readonly severity: FindingSeverity;
  readonly layer: number;
  /** Findings, places of all of them, and bytes of the guest at risk. */
  readonly findings: number;
  readonly places: number;
  readonly bytesAtRisk: number;
  /** Findings of them that follow from another one. */
  readonly followUps: number;
}

/** Which findings are asked for. Absent fields let everything through. */
export interface FindingFilter {
  readonly severities?: readonly FindingSeverity[];
  readonly codes?: readonly string[];
  readonly layers?: readonly number[];
  /** Guest offsets [start, end) in bytes: findings that put any of them at risk, at whatever place of the cause. */
  readonly start?: number;
  readonly end?: number;
}

/** A page of the findings that a filter lets through, ranked. */
export interface FindingPage {
  readonly findings: readonly Finding[];
  /** How many the filter lets through in all. */
  readonly total: number;
}

/** The fields of a finding that have no default. */
export type FindingFields = Pick<Finding, 'code' | 'severity' | 'what'> & Partial<Finding>;

/**
 * A finding of the given facts: layer 0, no advice, no ranges, no evidence and one place where nothing else is said.
 * Its id is its code, and the bytes at risk are those of its guest ranges.
 */
export function makeFinding(facts: FindingFields): Finding {
  const guest = facts.guest ?? [];
  return {
    id: facts.code,
    layer: 0,
    advice: '',
    host: [],
    evidence: [],
    count: 1,
    bytesAtRisk: totalLength(guest),
    ...facts,
    guest,
  };
}

/** Both lists, what is in both of them once, as the first one has it. */
export function withoutRepeats(known: readonly Finding[], more: readonly Finding[]): Finding[] {
  const keyOf = ({ layer, id }: Finding) => `${layer} ${id}`;
  const seen = new Set(known.map(keyOf));
  return [...known, ...more.filter(found => !seen.has(keyOf(found)))];
}

/** Bytes of all ranges together. */
export function totalLength(ranges: readonly Range[]): number {
  return ranges.reduce((sum, [, length]) => sum + length, 0);
}

/** True if one of the ranges holds a byte of [start, end). */
export function touchesRange(ranges: readonly Range[], start: number, end: number): boolean {
  return ranges.some(([from, length]) => from < end && from + length > start);
}

/**
 * Order of findings: severity, then bytes at risk, then the lowest guest offset, those without one last; then layer from
 * the top of the chain down, and id, so that the order never depends on what was found first.
 */
export function compareFindings(a: Finding, b: Finding): number {
  return (
    FINDING_SEVERITIES.indexOf(a.severity) - FINDING_SEVERITIES.indexOf(b.severity) ||
    b.bytesAtRisk - a.bytesAtRisk ||
    firstOffset(a) - firstOffset(b) ||
    b.layer - a.layer ||
    (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
  );
}

/** Findings in their order, each with those that follow from it directly behind it. */
export function rankFindings(findings: readonly Finding[]): Finding[] {
  const keys = new Set(findings.map(({ layer, id }) => `${layer} ${id}`));
  const roots: Finding[] = [];
  const followUps = new Map<string, Finding[]>();
  for (const finding of [...findings].sort(compareFindings)) {
    const cause = `${finding.layer} ${finding.causedBy}`;
    if (finding.causedBy === undefined || !keys.has(cause)) roots.push(finding);
    else followUps.set(cause, [...(followUps.get(cause) ?? []), finding]);
  }
  const ranked: Finding[] = [];
  // A finding may follow from one that follows from another. Two that name each other come last.
  const waiting = roots.toReversed();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    ranked.push(next);
    const key = `${next.layer} ${next.id}`;
    waiting.push(...(followUps.get(key) ?? []).toReversed());
    followUps.delete(key);
  }
  return [...ranked, ...[...followUps.values()].flat()];
}

function firstOffset({ guest }: Finding): number {
  return guest[0]?.[0] ?? Number.MAX_SAFE_INTEGER;
}

/** The worst severity that was found, undefined where nothing was. */
export function worstSeverity({ severities }: FindingSummary): FindingSeverity | undefined {
  return FINDING_SEVERITIES.find(severity => severities[severity] > 0);
}

/** Marks what `touches` tells of each column of [start, end) with a severity, where no worse one is marked. */
export function markColumns(
  columns: Uint8Array,
  severity: FindingSeverity,
  { start, end }: { readonly start: number; readonly end: number },
  touches: (start: number, end: number) => boolean,
): void {
  const mark = FINDING_SEVERITIES.indexOf(severity) + 1;
  const span = (end - start) / columns.length;
  for (let c = 0; c < columns.length; c++) {
    const before = columns[c] as number;
    if (before !== 0 && before <= mark) continue;
    if (touches(Math.floor(start + c * span), Math.ceil(start + (c + 1) * span))) columns[c] = mark;
  }
}

/** The code of the finding that another program has an image open for writing. */
export const CHAIN_IN_USE = 'CHAIN_IN_USE';

/** True if the findings of a layer tell that another program has it open for writing. */
export function isOpenForWriting(ofLayer: readonly Finding[]): boolean {
  return ofLayer.some(({ code }) => code === CHAIN_IN_USE);
}
