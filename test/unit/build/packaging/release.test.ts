import { describe, expect, it } from 'vitest';
import { releaseProblems } from '../../../../build/packaging/release.mjs';

const FACTS = {
  runtime: { origin: 'official', folder: '/electron', version: '45.4.1' },
  manifest: { version: '1.2.0', devDependencies: { electron: '45.4.1' } },
  changes: '# Changes\n\n## 1.2.0 (2026-12-01)\n\n- More.\n\n## 1.1.0 (2026-11-01)\n',
  changed: [],
} as const;

describe('a release', () => {
  it('is made of a committed checkout with its version in the change log and the official runtime', () => {
    expect(releaseProblems(FACTS)).toEqual([]);
  });

  it('refuses a runtime that is not the official one of package.json', () => {
    for (const origin of ['npm', 'override'])
      expect(releaseProblems({ ...FACTS, runtime: { ...FACTS.runtime, origin } })).toEqual([
        "releases are built with Electron's own release, and this runtime is not: /electron",
      ]);
    expect(releaseProblems({ ...FACTS, runtime: { ...FACTS.runtime, version: '33.4.11' } })).toEqual([
      'package.json asks for Electron 45.4.1, and this is 33.4.11',
    ]);
  });

  it.each([
    '## 1.2.0 (unreleased)\n',
    '## 1.2.0\n',
    '## 11.2.0 (2026-12-01)\n',
    '## 1x2x0 (2026-12-01)\n',
    '',
  ])('refuses a change log with %j', changes => {
    expect(releaseProblems({ ...FACTS, changes })).toEqual(['CHANGELOG.md has no dated heading for 1.2.0']);
  });

  it('refuses a checkout that differs from its commit, and names some of the files', () => {
    const changed = [' M a', ' M b', '?? c', '?? d'];
    expect(releaseProblems({ ...FACTS, changed })).toEqual([
      '4 files differ from the commit:  M a,  M b, ?? c',
    ]);
  });
});
