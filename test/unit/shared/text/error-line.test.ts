import { expect, test } from 'vitest';
import { CowscopeError, errorRecord } from '../../../../shared/error.ts';
import { complaint } from '../../../../shared/text/error-line.ts';

test('an error is one line', () => {
  const error = new CowscopeError({ code: 'X_Y', what: 'It broke', subject: '/a', advice: 'mend it' });
  expect(complaint(error)).toBe('cowscope: X_Y: It broke (/a): mend it');
  expect(complaint(errorRecord(new Error('one\n  two')))).toMatch(/^cowscope: INTERNAL: one two: [^\n]*$/);
  expect(complaint(errorRecord('text'))).toContain('INTERNAL: text');
});

test('names cannot steer the terminal', () => {
  const error = new CowscopeError({
    code: 'X',
    what: 'w',
    subject: '\u001b[31m\u202etxt\u2028\u0007',
    advice: '',
  });
  expect(complaint(error)).toMatch(/^cowscope: X: w \(/);
  expect(complaint(error)).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u2028]/u);
});
