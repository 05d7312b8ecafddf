import { expect, test } from 'vitest';
import type { Confidence, Inference } from '../../../../shared/model/inference.ts';
import { inferredText } from '../../../../shared/text/inference-text.ts';

const layer = (name: string, lost: Inference['lost'], confidence: Confidence) => ({
  name,
  inference: { lost, confidence, facts: [], reading: 1, readings: 1, isPartial: false },
});

test('layers are said to be inferred as surely as the least sure of them', () => {
  expect(inferredText([{ name: 'whole.qcow2' }])).toBe('');
  expect(inferredText([layer('a', 'header', 'certain'), { name: 'whole.qcow2' }])).toBe(
    'inferred, certain: the header of a is lost',
  );
  expect(inferredText([layer('a', 'header', 'certain'), layer('b\u202e', 'L1 table', 'guess')])).toBe(
    'inferred, a guess: the header of a and the L1 table of b\\u{202e} are lost',
  );
});

test('where no table has a place, nothing is called certain', () => {
  const { name, inference } = layer('a', 'L1 table', 'certain');
  expect(inferredText([{ name, inference: { ...inference, tables: { found: 4, placed: 0 } } }])).toBe(
    'inferred, no table placed: the L1 table of a is lost',
  );
});
