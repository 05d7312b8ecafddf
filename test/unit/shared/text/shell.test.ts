import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fileWord, rebaseCommand, shellCommand, shellQuote } from '../../../../shared/text/shell.ts';

/** The words that a shell makes of a command line. */
function wordsIn(shell: string, line: string): string[] {
  const script = `printf '%s\\0' ${line}`;
  return execFileSync(shell, ['-c', script]).toString('utf8').split('\0').slice(0, -1);
}

describe('shellQuote', () => {
  it.each([
    ['base.qcow2', 'base.qcow2'],
    ['/a/b-1_2.img', '/a/b-1_2.img'],
    ['', "''"],
    ['my disk', "'my disk'"],
    ["it's", "'it'\\''s'"],
    ['$(reboot)', "'$(reboot)'"],
    ['~root', "'~root'"],
    ['a=b', 'a=b'],
    ['=a', "'=a'"],
    ['-r', "'-r'"],
    ['#a', "'#a'"],
    ['東京', "'東京'"],
    ['a\nb', "$'a\\012b'"],
    ["'\\\u202e", "$'\\'\\\\\\342\\200\\256'"],
  ])('writes %j as %s', (word, quoted) => {
    expect(shellQuote(word)).toBe(quoted);
  });

  it('is read back by bash as the same words, whatever they hold', () => {
    const text = fc
      .string({ unit: 'binary', maxLength: 20 })
      .map(word => Buffer.from(word.replaceAll('\0', '')).toString()); // halves of surrogate pairs are no bytes
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 20 }), words => {
        expect(wordsIn('bash', words.map(shellQuote).join(' '))).toEqual(words);
      }),
      { numRuns: 30 },
    );
  });

  it('is read back by a shell that knows single quotes alone, where nothing needs an escape', () => {
    const words = ["it's", 'a b', '$x`y`"z"', '\\', '*?[a]', '!', '{a,b}', '<>&|;()'];
    expect(wordsIn('sh', words.map(shellQuote).join(' '))).toEqual(words);
  });

  it('never prints what could steer a terminal', () => {
    expect(shellQuote('\x1b[31m\u202e\u2028\x9b')).toMatch(/^[ -~]+$/);
  });
});

describe('shellCommand and rebaseCommand', () => {
  it('leave options as they are and quote everything else', () => {
    expect(shellCommand(['qemu-img', 'info', '--output', 'a b'])).toBe("qemu-img info --output 'a b'");
    expect(shellCommand(['cp', '--sparse=always', '--to=a b', '--', 'x=~'])).toBe(
      "cp --sparse=always '--to=a b' -- 'x=~'",
    );
    expect(rebaseCommand('d3.qcow2', 'd2.qcow2', 'qcow2')).toBe(
      'qemu-img rebase -u -F qcow2 -b d2.qcow2 d3.qcow2',
    );
  });

  it('keep qemu from taking a file name for an option or a protocol', () => {
    expect(fileWord('-r')).toBe('./-r');
    expect(fileWord('nbd:x')).toBe('./nbd:x');
    expect(fileWord('/a/nbd:x')).toBe('/a/nbd:x');
    expect(rebaseCommand('a:b', '-x', 'raw')).toBe('qemu-img rebase -u -F raw -b ./-x ./a:b');
  });
});
