import { describe, expect, it } from 'vitest';
import type { BytePath } from '../../../electron/chain/byte-path.ts';
import {
  canHoldImage,
  isConsentedTo,
  isOwn,
  mayLeadToDevice,
  namedPath,
  ownFolders,
  type Referrer,
  type ResolvedConsent,
} from '../../../electron/chain/policy.ts';

const at = (text: string) => text as BytePath;

function referrer(
  written: string,
  named = written,
  real = named,
  alsoNamed = true,
  device = false,
): Referrer {
  const folders = { written: at(written), named: at(named), real: at(real) };
  return { namedFolder: at(named), ownFolders: ownFolders(folders, alsoNamed), device };
}

const own = (name: string, from: Referrer) => isOwn(namedPath(at(name), from.namedFolder), from);

describe('namedPath', () => {
  it.each([
    ['base', '/vm/base', true],
    ['./base', '/vm/base', true],
    ['../base', '/base', true],
    ['.././../base', '/base', true],
    ['sub/base', '/vm/sub/base', true],
    ['sub/../base', '/vm/base', false],
    ['a/../base', '/vm/base', false],
    ['./ab/../base', '/vm/base', false],
    ['..', '/', false],
    ['/a/base', '/a/base', true],
    ['/a//./base', '/a/base', true],
    ['/a/../base', '/base', false],
    ['...', '/vm/...', true],
    ['a..', '/vm/a..', true],
  ])('%s is %s', (name, path, exact) => {
    expect(namedPath(at(name), at('/vm'))).toMatchObject({ path, exact });
  });
});

describe('own folder', () => {
  it('holds the files beside the image and nothing else', () => {
    const image = referrer('/vm');
    for (const name of ['base', './base', '/vm/base', '../vm/base']) expect(own(name, image)).toBe(true);
    for (const name of [
      'sub/base',
      '../base',
      '/vmx/base',
      '/etc/passwd',
      '/vm',
      'sub/../base',
      '/vm/x/../base',
      '..',
    ])
      expect(own(name, image)).toBe(false);
  });

  it('is also that of the link through which a person named the image', () => {
    const image = referrer('/aliases', '/aliases', '/data/vm');
    expect(own('base', image)).toBe(true);
    expect(own('/data/vm/base', image)).toBe(true);
  });

  it('is not that of a link through which an image named it', () => {
    const image = referrer('/aliases', '/aliases', '/data/vm', false);
    expect(own('base', image)).toBe(false);
    expect(own('/data/vm/base', image)).toBe(true);
  });

  it('may be written as it leads there', () => {
    const image = referrer('/short', '/data/vm');
    expect(own('/short/base', image)).toBe(true);
    expect(own('/data/vm/base', image)).toBe(true);
  });

  it('of a volume is the folder of its group, and never /dev', () => {
    const volume = referrer('/dev/group', '/dev/group', '/dev', false, true);
    const named = referrer('/dev', '/dev', '/dev', true, true);
    expect(
      own('base', {
        ...volume,
        ownFolders: ownFolders(
          { written: at('/dev/group'), named: at('/dev/group'), real: at('/dev') },
          true,
        ),
      }),
    ).toBe(true);
    expect(own('/dev/sda', named)).toBe(false);
    expect(own('sda', named)).toBe(false);
  });
});

describe('mayLeadToDevice', () => {
  it('lets a volume of a group lead to its node, and a file to none', () => {
    const volume = referrer('/dev/group', '/dev/group', '/dev', true, true);
    const image = referrer('/vm');
    const node = namedPath(at('../dm-3'), at('/dev/group'));
    expect(mayLeadToDevice(node, volume)).toBe(true);
    expect(mayLeadToDevice(node, image)).toBe(false);
    expect(mayLeadToDevice(namedPath(at('/etc/passwd'), at('/dev/group')), volume)).toBe(false);
    expect(mayLeadToDevice(namedPath(at('/dev/x/../sda'), at('/dev/group')), volume)).toBe(false);
  });
});

describe('consent', () => {
  const to = (...paths: string[]): ResolvedConsent => ({ named: new Set(paths.map(at)), all: false });

  it('is to that path alone', () => {
    expect(isConsentedTo(at('/a/b'), to('/a/b'))).toBe(true);
    expect(isConsentedTo(at('/a/b'), to('/a', '/a/b/c'))).toBe(false);
    expect(isConsentedTo(at('/a/b'), { named: new Set(), all: true })).toBe(true);
  });
});

it('only files and block devices can hold an image', () => {
  expect((['file', 'block device'] as const).every(canHoldImage)).toBe(true);
  for (const kind of ['character device', 'FIFO', 'socket', 'folder', 'link', 'unknown'] as const)
    expect(canHoldImage(kind)).toBe(false);
});
