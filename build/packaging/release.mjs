/** What keeps a checkout and its runtime from being released. */

/**
 * One sentence each for what stands in the way of a release; none when nothing does.
 *   runtime   as build/electron-runtime.mjs gives it, with its `version`
 *   manifest  package.json
 *   changes   CHANGELOG.md
 *   changed   files that differ from the commit
 */
export function releaseProblems({ runtime, manifest, changes, changed }) {
  const wanted = manifest.devDependencies.electron;
  const problems = [];
  if (runtime.origin !== 'official')
    problems.push(
      `releases are built with Electron's own release, and this runtime is not: ${runtime.folder}`,
    );
  else if (runtime.version !== wanted)
    problems.push(`package.json asks for Electron ${wanted}, and this is ${runtime.version}`);
  const heading = new RegExp(
    `^## ${manifest.version.replaceAll('.', '\\.')} \\(\\d{4}-\\d{2}-\\d{2}\\)$`,
    'm',
  );
  if (!heading.test(changes)) problems.push(`CHANGELOG.md has no dated heading for ${manifest.version}`);
  if (changed.length > 0)
    problems.push(`${changed.length} files differ from the commit: ${changed.slice(0, 3).join(', ')}`);
  return problems;
}
