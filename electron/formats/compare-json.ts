/** The JSON document of `cowscope compare`: docs/formats/compare.md and compare.schema.json. */
import type { ErrorRecord } from '../../shared/error.ts';
import type {
  ComparedState,
  ComparisonSums,
  ComparisonVerdict,
  Difference,
} from '../../shared/model/comparison.ts';
import type { ChainInfo } from '../../shared/model/layer.ts';
import { jsonText } from '../../shared/text/json.ts';

/** Name and version of the document; both change only together with its schema. */
const SCHEMA = { schema: 'cowscope.compare', version: 1 } as const;

/** One side of the document. */
export interface CompareJsonSide {
  readonly chain: ChainInfo;
  readonly layer: number;
  readonly size: number;
}

/** What comes after the rows. */
export interface CompareJsonTail {
  readonly sums: ComparisonSums;
  readonly verdict: ComparisonVerdict;
  /** Bytes that one disk or both have lost. */
  readonly lost: number;
  readonly errors: readonly ErrorRecord[];
}

/** Everything before the rows. */
export function compareJsonHead(
  a: CompareJsonSide,
  b: CompareJsonSide,
  how: { readonly content: boolean; readonly strict: boolean },
): string {
  return `${jsonText({ ...SCHEMA, ...how, a: sideOf(a), b: sideOf(b) }).slice(0, -1)},\n"rows":[`;
}

/** Rows; `isFirst` where none came before them. */
export function compareJsonRows(
  rows: readonly Difference[],
  [a, b]: readonly [CompareJsonSide, CompareJsonSide],
  isFirst: boolean,
): string {
  // Put together by hand: a document may have millions of rows, and their words are from short lists.
  const texts = rows.map(
    row =>
      `{"start":${row.start},"length":${row.length},"kind":"${row.kind}","a":${stateText(row.a, a)},"b":${stateText(row.b, b)}}`,
  );
  return `${isFirst ? '\n' : ',\n'}${texts.join(',\n')}`;
}

/** Everything after the rows. */
export function compareJsonTail({ sums, lost, verdict, errors }: CompareJsonTail): string {
  const document = {
    verdict,
    same: sums.same,
    lost,
    differences: sums.kinds,
    firstContent: sums.firstContent < 0 ? null : sums.firstContent,
    errors: errors.map(({ code, what, subject, advice }) => ({ code, what, subject, advice })),
  };
  return `\n],\n${jsonText(document).slice(1)}\n`;
}

function sideOf({ chain, layer, size }: CompareJsonSide) {
  const layers = chain.layers.slice(0, layer + 1);
  return {
    size,
    layers: layers.map(({ index, name, path, format, size: own }) => ({
      index,
      name,
      path,
      format,
      size: own,
    })),
  };
}

/** Layers of an export of a chain have no numbers. */
function stateText({ state, layer, lost }: ComparedState, { chain }: CompareJsonSide): string {
  const isNumbered = layer >= 0 && chain.layers[0]?.format !== 'nbd';
  return `{"state":"${state}","layer":${isNumbered ? layer : 'null'}${lost === true ? ',"lost":true' : ''}}`;
}
