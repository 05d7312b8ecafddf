import { expect, test } from 'vitest';
import { escapeXml } from '../../../../shared/text/xml-text.ts';

test('markup is escaped in content and in attributes of either quote', () => {
  expect(escapeXml(`<a b="c" d='e'>&amp;`)).toBe('&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;');
});

test('characters that XML does not allow become the replacement character, others stay', () => {
  expect(escapeXml('\u0000\u001f\ufffe\ud800x\udc00')).toBe('\ufffd\ufffd\ufffd\ufffdx\ufffd');
  expect(escapeXml('\t\n\u{1f600} ü 磁盘')).toBe('\t\n\u{1f600} ü 磁盘');
});
