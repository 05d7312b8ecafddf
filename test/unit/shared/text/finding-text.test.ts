/** Findings in words. */
import { expect, test } from 'vitest';
import { makeFinding } from '../../../../shared/model/finding.ts';
import {
  asSentence,
  evidenceText,
  findingSentence,
  placedSentence,
} from '../../../../shared/text/finding-text.ts';

const facts = { code: 'QCOW2_L2_EMPTY', severity: 'hazard', what: 'an L2 table is there' } as const;

test('a text becomes a sentence that begins with a capital and ends with one full stop', () => {
  expect(asSentence('copy the file')).toBe('Copy the file.');
  expect(asSentence('Is it whole?')).toBe('Is it whole?');
  expect(asSentence('')).toBe('.');
  expect(asSentence('qemu-nbd ended')).toBe('qemu-nbd ended.');
  expect(asSentence('cluster_bits is 3')).toBe('cluster_bits is 3.');
  expect(asSentence('cowscope runs none of them')).toBe('cowscope runs none of them.');
});

test('a finding stands alone, with the offsets of the guest that it is about', () => {
  const placed = makeFinding({ ...facts, guest: [[2 ** 29, 2 ** 29]], bytesAtRisk: 2 ** 29 });
  expect(findingSentence(placed)).toBe('An L2 table is there.');
  expect(placedSentence(placed)).toBe('An L2 table is there [guest 0x2000_0000, 512 MiB].');
  expect(placedSentence(makeFinding(facts))).toBe('An L2 table is there.');
});

test('evidence names its place, its value and what the value means', () => {
  const dirty = { source: 'header', fileOffset: 72, value: '0x0000000000000001', bits: 'dirty' };
  expect(evidenceText(dirty)).toBe('header at 0x0000_0048: 0x0000_0000_0000_0001 (dirty)');
  expect(evidenceText({ source: 'refcount table', value: '8192 entries', bits: '' })).toBe(
    'refcount table: 8192 entries',
  );
});

test('evidence that is a plain number reads as a size or a time, with its exact bytes', () => {
  const of = (value: string, bits: string) => evidenceText({ source: 'virtual size', value, bits });
  expect(of('1048576', 'bytes')).toBe('virtual size: 1 MiB (1,048,576 bytes)');
  expect(of('512', 'bytes')).toBe('virtual size: 512 bytes');
  expect(of('1764201600000', 'milliseconds since 1970')).toBe('virtual size: 2025-11-27 00:00:00 UTC');
  expect(of('disk.img', 'bytes')).toBe('virtual size: disk.img (bytes)');
});
