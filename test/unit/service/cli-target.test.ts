import { describe, expect, it } from 'vitest';
import { type ReadingOptions, targetOf } from '../../../electron/service/cli-target.ts';
import type { CowscopeError } from '../../../shared/error.ts';
import { MAX_LAYERS } from '../../../shared/model/layer.ts';

/** The target that is meant from the folder /images, or what is wrong. */
function target(args: readonly string[], options: ReadingOptions = {}): unknown {
  try {
    return targetOf(args, options, '/images');
  } catch (error) {
    expect(error).toMatchObject({ code: 'USAGE' });
    return (error as CowscopeError).what;
  }
}

const files = (...names: string[]) => ({ kind: 'files', files: names });

describe('files of a command line', () => {
  it('are absolute paths in the order given, of paths and of addresses', () => {
    expect(target(['a', './b', '../c', '/d'])).toEqual(files('/images/a', '/images/b', '/c', '/d'));
    expect(target(['file:///x%20y', 'FILE:///z'])).toEqual(files('/x y', '/z'));
    expect(target(['file:x%20y'])).toEqual(target(['x%20y']));
    expect(target(['a:b', 'nbd'])).toEqual(files('/images/a:b', '/images/nbd'));
  });

  it('take with them only the options that were given', () => {
    const options = { format: 'raw', backingFormat: 'qcow2', locate: ['b'], snapshot: 's' } as const;
    expect(target(['a'], options)).toEqual({ ...files('/images/a'), ...options, locate: ['/images/b'] });
    expect(target(['a'], { infer: true })).toEqual({ ...files('/images/a'), infer: 1 });
    expect(target(['a'], { reading: 2 })).toEqual({ ...files('/images/a'), infer: 2 });
    expect(target(['a'], { infer: false })).toEqual(files('/images/a'));
  });

  it.each<[string, readonly string[], ReadingOptions, string]>([
    ['an empty one', ['a', ''], {}, 'an empty argument names no file'],
    ['more than a chain has', Array(MAX_LAYERS + 1).fill('a'), {}, `more than ${MAX_LAYERS} files are named`],
    [
      'more to locate',
      ['a'],
      { locate: Array(MAX_LAYERS + 1).fill('a') },
      `more than ${MAX_LAYERS} files are located`,
    ],
    [
      'a chain that is given, and links',
      ['a', 'b'],
      { locate: ['c'] },
      '--locate is for links that are followed; several files are a chain as they are',
    ],
    ['one on another host', ['file://host/a'], {}, 'this is not the address of a local file'],
    ['another protocol', ['ssh://host/a'], {}, 'only files and NBD addresses can be opened'],
  ])('are refused: %s', (_, args, options, what) => {
    expect(target(args, options)).toBe(what);
  });

  it('may be as many as a chain has', () => {
    expect(target(Array(MAX_LAYERS).fill('a'))).toMatchObject({ kind: 'files' });
  });
});

describe('an NBD address of a command line', () => {
  it('is a target as it is written', () => {
    for (const uri of ['nbd://h', 'nbds+unix:///disk?socket=/s'])
      expect(target([uri])).toEqual({ kind: 'nbd', uri });
  });

  it.each<[string, readonly string[], ReadingOptions, RegExp]>([
    ['beside a file', ['a', 'nbd://h'], {}, /stands alone/],
    ['beside another one', ['nbd://h', 'nbd://i'], {}, /stands alone/],
    ['with a format', ['nbd://h'], { format: 'raw' }, /an NBD export has no format/],
    [
      'with a backing format',
      ['nbd://h'],
      { backingFormat: 'raw' },
      /the server of an NBD export opens its own/,
    ],
    ['with files to locate', ['nbd://h'], { locate: ['a'] }, /the server of an NBD export opens its own/],
    ['with a snapshot', ['nbd://h'], { snapshot: 's' }, /no internal snapshots/],
    ['with a reading', ['nbd://h'], { reading: 1 }, /no tables to infer anything from/],
    ['to infer from', ['nbd://h'], { infer: true }, /no tables to infer anything from/],
  ])('is refused %s', (_, args, options, what) => {
    expect(target(args, options)).toMatch(what);
  });
});
