import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonNumber, jsonPieces, jsonString, jsonText } from '../../../../shared/text/json.ts';

/** Plain data without numbers that JSON cannot hold, and without undefined, which lists may not have. */
const document = fc.jsonValue({ noUnicodeString: false, maxDepth: 4 });

describe('JSON text', () => {
  it('reads back as what was written, on one line and indented', () => {
    fc.assert(
      fc.property(document, fc.constantFrom(0, 1, 2), (value, indent) => {
        expect(JSON.parse(jsonText(value, indent))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('is laid out as JSON.stringify lays it out', () => {
    const value = { a: [], b: {}, c: [1, { d: null, e: undefined, f: 'x' }], g: true, h: [[2, 3]] };
    for (const indent of [0, 1, 2]) expect(jsonText(value, indent)).toBe(JSON.stringify(value, null, indent));
  });

  it('comes in pieces that make up the text', () => {
    const value = { names: ['a', 'b'], size: 3 };
    expect([...jsonPieces(value, 2)].join('')).toBe(JSON.stringify(value, null, 2));
  });

  it('holds no control, format or separator character raw, in values and in keys', () => {
    const unsafe = '\u0000\u001b\u007f\u0085\u009b\u200b\u202e\u2066\u2028\u2029\ufeff\u{e0041}\ud800';
    const text = jsonText({ [unsafe]: unsafe }, 2);
    expect(text).toMatch(/^[\n -~]*$/);
    expect(JSON.parse(text)).toEqual({ [unsafe]: unsafe });
    expect(jsonString('\u009b1m\u202e')).toBe('"\\u009b1m\\u202e"');
    expect(jsonString('naïve ✓ 😀 "\\')).toBe('"naïve ✓ 😀 \\"\\\\"');
  });

  it('has every digit of a whole number up to 2^64', () => {
    const cases = [0, -0, 2 ** 53 - 1, 2 ** 53, 10 ** 15, 10 ** 16, 2 ** 56 - 512, 2 ** 63, 2 ** 64];
    for (const value of cases) expect(BigInt(jsonNumber(value))).toBe(BigInt(value));
    expect(jsonText([2 ** 60, 0.5, Number.NaN])).toBe('[1152921504606846976,0.5,null]');
  });
});
