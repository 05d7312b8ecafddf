import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeUntrusted } from '../../../../shared/text/untrusted-text.ts';

describe('escapeUntrusted', () => {
  it('leaves ordinary text of any language alone', () => {
    for (const text of [
      'base.qcow2',
      'Üñïçødé',
      '東京.img',
      'بيانات',
      'a b\u00a0c',
      '💾',
      '<b>&amp;</b>',
      'C:\\x',
    ])
      expect(escapeUntrusted(text)).toBe(text);
  });

  it.each([
    ['terminal colors', '\x1b[31mred\x1b[0m', '\\x1b[31mred\\x1b[0m'],
    ['one-byte CSI', '\u009b2J', '\\x9b2J'],
    ['lines', 'a\r\nb\tc', 'a\\x0d\\x0ab\\x09c'],
    ['NUL and DEL', '\0\x7f', '\\x00\\x7f'],
    ['direction overrides', 'a\u202egnp.exe\u2066', 'a\\u{202e}gnp.exe\\u{2066}'],
    ['invisible marks', 'a\u200b\ufeff\u00ad\u2060', 'a\\u{200b}\\u{feff}\\xad\\u{2060}'],
    ['separators', '\u2028\u2029', '\\u{2028}\\u{2029}'],
    ['tags', '\u{e0041}', '\\u{e0041}'],
    ['half a surrogate pair', '\ud83d!', '\\u{d83d}!'],
  ])('escapes %s', (_, text, safe) => {
    expect(escapeUntrusted(text)).toBe(safe);
  });

  it('cuts long text with an ellipsis', () => {
    expect(escapeUntrusted('x'.repeat(256))).toHaveLength(256);
    expect(escapeUntrusted('x'.repeat(257))).toBe(`${'x'.repeat(255)}…`);
    expect(escapeUntrusted('abcdef', 4)).toBe('abc…');
  });

  it('never lets a control or format character through', () => {
    const anything = fc.string({ unit: 'binary', maxLength: 600 });
    fc.assert(
      fc.property(anything, text => {
        expect(escapeUntrusted(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      }),
    );
  });
});
