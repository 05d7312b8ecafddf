import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isDeepLink, parseDeepLink } from '../../../electron/shell/deep-link.ts';
import { deepLink, MAX_LINK_FILES } from '../../../shared/text/deep-link.ts';

test('a link that was made leads to what it was made of', () => {
  const path = fc.string({ unit: 'grapheme', maxLength: 40 }).filter(text => !text.includes('\0'));
  const paths = fc.array(
    path.map(text => `/x${text}`),
    { minLength: 1, maxLength: MAX_LINK_FILES },
  );
  const start = fc.record(
    { at: fc.maxSafeNat(), length: fc.maxSafeNat(), view: fc.constantFrom('chain', 'host-layout') },
    { requiredKeys: ['at'] },
  );
  fc.assert(
    fc.property(paths, start, (files, where) => {
      const link = deepLink(files, where) as string;
      expect(isDeepLink(link)).toBe(true);
      expect(parseDeepLink(link)).toEqual({ files, start: where });
    }),
  );
});

test('a desktop may put a slash behind the host, or write the scheme in capitals', () => {
  expect(parseDeepLink('COWSCOPE://open/?path=/a')).toEqual({ files: ['/a'], start: {} });
});

test.each([
  'cowscope:',
  'cowscope://open',
  'cowscope://close?path=/a',
  'cowscope://open/x?path=/a',
  'cowscope://open?path=a.qcow2',
  'cowscope://open?path=',
  'cowscope://open?path=//host/share',
  'cowscope://open?path=%5C%5Chost%5Cshare',
  'cowscope://open?path=nbd://host',
  'cowscope://open?path=json:%7B%7D',
  'cowscope://open?path=/a%00',
  'cowscope://open?path=/a&allow-all=1',
  'cowscope://open?path=/a#at=x',
  'cowscope://open?path=/a#len=1',
  'cowscope://open?path=/a#view=--inspect',
  'cowscope://open?path=/a#run=x',
  `cowscope://open?${'path=/a&'.repeat(MAX_LINK_FILES)}path=/a`,
  `cowscope://open?path=/${'a'.repeat(2 ** 14)}`,
])('%s is no link', link => {
  expect(() => parseDeepLink(link)).toThrow(expect.objectContaining({ code: 'DEEP_LINK_INVALID' }));
});

test('what names more than a link may hold has none', () => {
  expect(deepLink(Array(MAX_LINK_FILES + 1).fill('/a'), {})).toBeUndefined();
  expect(deepLink([`/${'a'.repeat(2 ** 14)}`], {})).toBeUndefined();
});
