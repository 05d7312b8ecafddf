/** Reads an image whose header or L1 table is lost by what is left of it. What is inferred is marked as that. */
import { CowscopeError } from '../../../shared/error.ts';
import { type Finding, makeFinding } from '../../../shared/model/finding.ts';
import { type Confidence, type Inference, leastSure } from '../../../shared/model/inference.ts';
import { LimitPassed } from '../layout/read-limit.ts';
import type { Qcow2Image } from '../read/image.ts';
import type { SlicedWork } from '../read/sliced-work.ts';
import type { ImageSource } from '../read/source.ts';
import { proposeHeaders } from './lost-header.ts';
import { type L1Proposal, proposeL1 } from './lost-l1.ts';
import { agreementText, bestReadings, type Reading, tryProposal } from './reading.ts';

/** What is wanted. */
export interface InferRequest {
  /** Which of several readings, from 1. */
  readonly reading: number;
  /** Called often, with the bytes that were searched so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

/**
 * The image in a file without a header; undefined where nothing shows one. Throws INFER_NO_READING and
 * INFER_TOO_LARGE.
 */
export function* inferHeader(
  source: ImageSource,
  { reading, onProgress }: InferRequest,
): SlicedWork<Qcow2Image | undefined> {
  const readings: Reading[] = [];
  for (const hasDataFile of [false, true]) {
    const proposals = yield* withinLimits(source, proposeHeaders(source, hasDataFile, onProgress));
    for (const proposal of proposals) readings.push(yield* tryProposal(source, proposal));
    if (readings.some(({ corruptions, leaks }) => corruptions === 0 && leaks === 0)) break;
  }
  const best = bestReadings(readings);
  if (best.length === 0) return undefined;
  const chosen = best[reading - 1];
  if (chosen === undefined) throw noReading(source, reading, best.length);
  const isOnly = best.length === 1;
  const isWhole = chosen.corruptions === 0 && chosen.leaks === 0;
  const confidence: Confidence = !isOnly || chosen.corruptions > 0 ? 'guess' : isWhole ? 'certain' : 'likely';
  const facts = { lost: 'header', confidence, reading, readings: best.length, isPartial: false } as const;
  return inferredImage(chosen, facts, `${SENTENCES[confidence]} (${agreementText(chosen)})`);
}

/**
 * The image with the L1 table that it lost, as far as it can be inferred; undefined where the image has one. Throws as
 * inferHeader.
 */
export function* inferL1(
  image: Qcow2Image,
  { reading, onProgress }: InferRequest,
): SlicedWork<Qcow2Image | undefined> {
  const proposals = yield* withinLimits(image.source, proposeL1(image, onProgress));
  if (proposals.length === 0) return undefined;
  const stored = yield* tryProposal(image.source, { pieces: [], facts: [] });
  if (stored.corruptions === 0 && stored.leaks === 0) return undefined; // every refcount agrees with its own table
  const proposal = proposals[reading - 1];
  if (proposal === undefined) throw noReading(image.source, reading, proposals.length);
  const tried = yield* tryProposal(image.source, proposal, proposal.expected);
  const isWhole = proposal.placed === proposal.found && tried.corruptions === 0 && tried.leaks === 0;
  const confidence = leastSure([proposal.confidence, agreementOf(image, proposal, tried)]);
  const { placed, found } = proposal;
  const readings = proposals.length;
  const facts = {
    lost: 'L1 table',
    confidence,
    reading,
    readings,
    isPartial: !isWhole,
    tables: { found, placed },
  } as const;
  const tables = `${placed} of ${found} L2 tables that were found ${placed === 1 ? 'has' : 'have'} a place`;
  const contradicted = tried.corruptions > 0 ? ', and the refcounts contradict what is shown' : '';
  const how =
    confidence === 'guess' && proposal.confidence !== 'guess' ? 'which is a guess' : PLACES[confidence];
  const sure = placed === 0 ? '' : `, ${how}${contradicted}`;
  const rest = isWhole ? '' : '; ranges whose table is not known are shown as unreadable';
  return inferredImage(tried, facts, `${tables}${sure}${rest}`);
}

/**
 * How sure places can be by what the refcounts say. Tables that nothing refers to may be those of a lost snapshot, so a
 * place that was found by elimination proves nothing while clusters are counted that nothing refers to.
 */
function agreementOf({ findings }: Qcow2Image, { isAsStored }: L1Proposal, tried: Reading): Confidence {
  if (tried.corruptions > 0) return 'guess';
  if (tried.leaks === 0 || isAsStored) return 'certain';
  return findings.some(({ code }) => /^QCOW2_SNAPSHOT/.test(code)) ? 'guess' : 'likely';
}

/** Throws INFER_TOO_LARGE where an image has more than is looked through. */
function* withinLimits<T>(source: ImageSource, work: SlicedWork<T>): SlicedWork<T> {
  try {
    return yield* work;
  } catch (error) {
    if (!(error instanceof LimitPassed)) throw error;
    throw new CowscopeError({
      code: 'INFER_TOO_LARGE',
      what: `nothing was inferred: ${error.message}`,
      subject: source.path,
      advice: 'see what cowscope check says without --infer',
    });
  }
}

function inferredImage(tried: Reading, facts: Omit<Inference, 'facts'>, summary: string): Qcow2Image {
  const { image, pieces } = tried;
  const inference: Inference = {
    ...facts,
    facts: tried.facts.map(fact => ({
      ...fact,
      // A fact that the map rests on is no surer than the map.
      confidence: fact.confidence === 'certain' ? leastSure([facts.confidence]) : fact.confidence,
    })),
  };
  return {
    ...image,
    inferred: { inference, pieces },
    findings: [inferredFinding(inference, summary), ...image.findings],
  };
}

const SENTENCES: Readonly<Record<Confidence, string>> = {
  certain: 'it agrees with everything that is stored',
  likely: 'nothing contradicts it, and not all of it is proved',
  guess: 'it is a guess',
};

const PLACES: Readonly<Record<Confidence, string>> = {
  certain: 'by evidence that leaves no other one',
  likely: 'which is likely and not proved',
  guess: 'some of them by a guess',
};

function inferredFinding(inference: Inference, summary: string): Finding {
  const { lost, reading, readings, facts } = inference;
  const others = readings > 1 ? `; this is reading ${reading} of ${readings}` : '';
  return makeFinding({
    code: 'QCOW2_INFERRED',
    severity: 'hazard',
    what: `its ${lost} is lost, and what is shown was inferred from the tables that are left: ${summary}${others}`,
    advice:
      readings > 1
        ? 'look at the other readings, too, with --reading; write nothing to the file, and copy it first'
        : 'write nothing to the file, and copy it first; what was inferred is in no file',
    evidence: facts.map(({ name, value, confidence: sure, how: why }) => ({
      source: name,
      value,
      bits: `${sure}: ${why}`,
    })),
  });
}

function noReading({ path }: ImageSource, reading: number, readings: number): CowscopeError {
  return new CowscopeError({
    code: 'INFER_NO_READING',
    what: `there is no reading ${reading}: the image can be read in ${readings === 1 ? 'one way' : `${readings} ways`}`,
    subject: path,
    advice: 'give --reading a smaller number',
  });
}
