import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Tests that run the real tools take longest: they come first, so that none is left for one worker alone at the end. */
class RealToolsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ project }: TestSpecification) => {
      const place = ['packages', 'golden'].indexOf(project.name);
      return place < 0 ? 2 : place;
    };
    return sorted.sort((a, b) => rank(a) - rank(b));
  }
}

/** The tests outside Electron. */
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } },
    maxWorkers: 2,
    sequence: { sequencer: RealToolsFirst },
    maxConcurrency: 2, // of tests that say so: those that wait for one process after another
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/*.test.ts', 'test/unit/**/*.test.ts'],
          exclude: ['test/unit/renderer/**'],
        },
      },
      {
        extends: true,
        test: { name: 'property', include: ['test/property/**/*.test.ts', 'test/fuzz/**/*.test.ts'] },
      },
      {
        extends: true,
        test: { name: 'golden', include: ['test/golden/**/*.test.ts', 'test/integration/**/*.test.ts'] },
      },
      { extends: true, test: { name: 'packages', include: ['test/packages/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'renderer',
          environment: 'happy-dom',
          include: ['test/unit/renderer/**/*.test.{ts,tsx}', 'test/integration/window/**/*.test.tsx'],
        },
      },
    ],
  },
});
