/** What is kept between runs, across versions. */
import * as v from 'valibot';
import { expect, test } from 'vitest';
import {
  decodeState,
  encodeState,
  type StateFormat,
  stateNotice,
} from '../../../../shared/stored/stored-state.ts';

/** Version 0 had `width`, version 1 `size`, version 2 a list of them. */
const FORMAT: StateFormat<{ sizes: number[] }> = {
  upgrades: [
    older => ({ size: (older as { width?: unknown }).width }),
    older => ({ sizes: [(older as { size?: unknown }).size] }),
  ],
  schema: v.object({ sizes: v.array(v.number()) }),
};

test.each([
  ['{"width":7}', true],
  ['{"version":0,"width":7}', true],
  ['{"version":1,"size":7}', true],
  ['{"version":2,"sizes":[7]}', false],
  ['{"version":2,"sizes":[7],"more":1}', false],
])('%s is read, and is older: %s', (text, isOlder) => {
  expect(decodeState(FORMAT, text)).toEqual({ kind: 'valid', value: { sizes: [7] }, isOlder });
});

test('what is stored is read again', () => {
  const text = encodeState(FORMAT, { sizes: [1, 2] });
  expect(JSON.parse(text)).toEqual({ version: 2, sizes: [1, 2] });
  expect(decodeState(FORMAT, text)).toEqual({ kind: 'valid', value: { sizes: [1, 2] }, isOlder: false });
});

test.each(['{"version":3}', '{"version":3,"sizes":[7]}', '{"version":9007199254740991}'])(
  '%s is of a newer version',
  text => {
    expect(decodeState(FORMAT, text)).toEqual({ kind: 'newer' });
  },
);

test.each([
  '',
  '{',
  'null',
  '7',
  '"x"',
  '[]',
  '{}',
  '{"width":"7"}',
  '{"version":2}',
  '{"version":-1,"width":7}',
  '{"version":1.5,"size":7}',
  '{"version":"2","sizes":[7]}',
  '{"version":9007199254740992}',
])('%s is broken', text => {
  expect(decodeState(FORMAT, text)).toEqual({ kind: 'broken' });
});

test('the notice says what starts empty and where the old text is kept', () => {
  expect(stateNotice('The list', 'broken', '/c/list.json.broken')).toBe(
    'The list could not be read and starts empty. What was stored is kept as /c/list.json.broken.',
  );
  expect(stateNotice('The list', 'broken')).toBe('The list could not be read and starts empty.');
  expect(stateNotice('The list', 'newer')).toContain('newer version of cowscope');
});
