import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FLAGS_OF_KIND } from '../../../../electron/qcow2/format/entry.ts';
import * as flags from '../../../../shared/extent/flags.ts';
import { PARTS } from '../../../../shared/extent/parts.ts';
import { flagsOf, NO_DEPTH } from '../../../../shared/extent/status-decoder.ts';
import { LAYER_WORDS } from '../../../support/extent-arbitraries.ts';
import { naiveState, PART_ORDER, STATE_ORDER } from '../../../support/naive-model.ts';

const BITS: Readonly<Record<string, number>> = {
  local: flags.LOCAL,
  absent: flags.ABSENT,
  hole: flags.HOLE,
  zero: flags.ZERO,
  compressed: flags.COMPRESSED,
  reserved: flags.RESERVED,
  outOfRange: flags.OUT_OF_RANGE,
  unread: flags.UNREAD,
  unreadable: flags.UNREADABLE,
  dirty: flags.DIRTY,
  dirtyUnknown: flags.DIRTY_UNKNOWN,
  overrides: flags.OVERRIDES,
  holeOverrides: flags.HOLE_OVERRIDES,
  shadowed: flags.SHADOWED,
  overridden: flags.OVERRIDDEN,
  damaged: flags.DAMAGED,
};

/** The rows of the table under a heading of the page, as cells without backticks. */
function tableUnder(heading: string): string[][] {
  const page = readFileSync(new URL('../../../../docs/extent-states.md', import.meta.url), 'utf8');
  const section = page.split(/^## /m).find(part => part.startsWith(`${heading}\n`)) ?? '';
  const rows = section.split('\n').filter(line => line.startsWith('|'));
  return rows.slice(2).map(row =>
    row
      .slice(1, -1)
      .split('|')
      .map(cell => cell.trim().replaceAll('`', '')),
  );
}

function bitsOf(cell: string): number {
  if (cell === '' || cell === 'none') return 0;
  return cell.split(', ').reduce((word, name) => {
    const bit = BITS[name];
    if (bit === undefined) throw new Error(`the page names a bit that does not exist: ${name}`);
    return word | bit;
  }, 0);
}

const rules = tableUnder('From flags to state') as [string, string, string][];
const words = tableUnder('The words of one layer, and who can prove them') as [
  string,
  string,
  string,
  string,
  string,
][];
const marks = tableUnder('Marks') as [string, string, string][];

test('the rules of the page give every word the state that stateOf gives it', () => {
  const parsed = rules.map(([set, clear, state]) => ({ set: bitsOf(set), clear: bitsOf(clear), state }));
  const wrong: number[] = [];
  for (let word = 0; word < 0x10000; word++) {
    const rule = parsed.find(({ set, clear }) => (word & set) === set && (word & clear) === 0);
    if (rule?.state !== flags.stateOf(word) || rule.state !== naiveState(word)) wrong.push(word);
  }
  expect(wrong).toEqual([]);
  expect(rules.map(([, , state]) => state).sort()).toEqual([...flags.STATES].sort());
});

test('a state does not depend on the depth', () => {
  const wrong = LAYER_WORDS.filter(word => flags.stateOf(word + 255 * 2 ** 16) !== flags.stateOf(word));
  expect(wrong).toEqual([]);
});

test('every word of the page has the state it says, over NBD too', () => {
  for (const [cell, state, , nbd, shown] of words) {
    const word = bitsOf(cell);
    expect([cell, flags.stateOf(word)]).toEqual([cell, state]);
    const said = /^allocation (\d), (?:depth (\d)|no depth)$/.exec(nbd);
    if (said === null) {
      expect([cell, shown]).toEqual([cell, state]);
      continue;
    }
    const overNbd = flagsOf(
      'isolatedLayer',
      Number(said[1]),
      said[2] === undefined ? NO_DEPTH : Number(said[2]),
    );
    expect([cell, flags.stateOf(overNbd)]).toEqual([cell, shown]);
    if (shown === state) expect([cell, overNbd]).toEqual([cell, word]);
  }
});

test('the page has every word that a witness makes, and says of no other that the metadata proves it', () => {
  const listed = words.map(([cell]) => bitsOf(cell));
  expect(new Set(listed).size).toBe(listed.length);
  const overNbd = [0, 1, 2, 3].flatMap(allocation =>
    [NO_DEPTH, 0, 1].map(depth => flagsOf('isolatedLayer', allocation, depth)),
  );
  const made = new Set([
    ...FLAGS_OF_KIND,
    ...overNbd.filter(word => !(word & flags.ABSENT) || word === flags.ABSENT_EVERYWHERE),
  ]);
  expect([...made].filter(word => !listed.includes(word))).toEqual([]);
  const byMetadata = words.filter(
    ([cell, , metadata]) => !metadata.startsWith('never') && !['unread', 'outOfRange'].includes(cell),
  );
  expect(byMetadata.map(([cell]) => bitsOf(cell)).sort()).toEqual(
    FLAGS_OF_KIND.filter(word => word !== flags.UNREAD).sort(),
  );
});

test('the page has every mark', () => {
  const states = [
    'local',
    'absent',
    'hole',
    'zero',
    'compressed',
    'reserved',
    'outOfRange',
    'unread',
    'unreadable',
  ];
  expect(marks.map(([mark]) => mark).sort()).toEqual(
    Object.keys(BITS)
      .filter(name => !states.includes(name))
      .sort(),
  );
  const all = Object.values(BITS).reduce((sum, bit) => sum + bit, 0);
  expect(all).toBe(0xffff); // every bit of the low half has one meaning
});

test('states and parts keep their order: tiles, statistics and masks count on it', () => {
  expect(flags.STATES).toEqual(STATE_ORDER);
  expect(PARTS.map(({ state, variant }) => `${variant} ${state}`.replace('plain ', ''))).toEqual(PART_ORDER);
});

test('own zeros and known owners', () => {
  const own = LAYER_WORDS.filter(flags.isOwnZero).map(flags.stateOf);
  expect(own).toEqual(['zeroHole', 'zeroAllocated']);
  const unknown = LAYER_WORDS.filter(word => !flags.ownerKnown(word));
  expect(unknown).toEqual([0, flags.HOLE | flags.ZERO, flags.UNREAD, flags.UNREADABLE]);
});
