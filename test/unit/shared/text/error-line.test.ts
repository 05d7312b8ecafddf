import { expect, test } from 'vitest';
import { CowscopeError, errorRecord } from '../../../../shared/error.ts';
import { errorLine } from '../../../../shared/text/error-line.ts';

test('an error is one line', () => {
  const error = new CowscopeError({ code: 'X_Y', what: 'It broke', subject: '/a', advice: 'mend it' });
  expect(errorLine(error)).toBe('cowscope: X_Y: It broke (/a): mend it');
  expect(errorLine(errorRecord(new Error('one\n  two')))).toMatch(/^cowscope: INTERNAL: one two: [^\n]*$/);
  expect(errorLine(errorRecord('text'))).toContain('INTERNAL: text');
});

test('names cannot steer the terminal', () => {
  const error = new CowscopeError({
    code: 'X',
    what: 'w',
    subject: '\u001b[31m\u202etxt\u2028\u0007',
    advice: '',
  });
  expect(errorLine(error)).toMatch(/^cowscope: X: w \(/);
  expect(errorLine(error)).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u2028]/u);
});
