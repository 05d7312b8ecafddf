/** Findings in words. */
import { expect, test } from 'vitest';
import { makeFinding } from '../../../../shared/model/finding.ts';
import { findingSentence, placedSentence, sentence } from '../../../../shared/text/finding-text.ts';

const facts = { code: 'QCOW2_L2_EMPTY', severity: 'hazard', what: 'an L2 table is there' } as const;

test('a text becomes a sentence that begins with a capital and ends with one full stop', () => {
  expect(sentence('copy the file')).toBe('Copy the file.');
  expect(sentence('Is it whole?')).toBe('Is it whole?');
  expect(sentence('')).toBe('.');
});

test('a finding stands alone, with the offsets of the guest that it is about', () => {
  const placed = makeFinding({ ...facts, guest: [[2 ** 29, 2 ** 29]], bytesAtRisk: 2 ** 29 });
  expect(findingSentence(placed)).toBe('An L2 table is there.');
  expect(placedSentence(placed)).toBe('An L2 table is there [guest 0x2000_0000, 512 MiB].');
  expect(placedSentence(makeFinding(facts))).toBe('An L2 table is there.');
});
