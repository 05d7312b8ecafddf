/**
 * Writes the tables of docs/performance.md from the runs in docs/perf: `node test/bench/performance-tables.mjs`. To publish a
 * run, move its file from bench-results/ to docs/perf/. A test fails where the tables are other ones.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';
import { isMain } from '../../build/is-main.mjs';
import { replaceBetween } from '../../build/readme-tables.mjs';

const PAGE = new URL('../../docs/performance.md', import.meta.url);
const RUNS = new URL('../../docs/perf/', import.meta.url);

/** The page with a table for each suite of each run, oldest first. Throws where it lacks the marks around them. */
export function withRuns(page, runs, tableOf) {
  const sections = runs.map(({ date, commit, setting, options, results }) => {
    const head = `### ${date}, size ${options.size}, commit ${commit}\n\n${setting.machine}; ${setting.programs}.`;
    const tables = results.map(({ line, rows, notes }) => {
      const said = notes.map(note => `\n\n${note}`).join('');
      return `**${line}**\n\n${tableOf(rows)}${said}`;
    });
    return [head, ...tables].join('\n\n');
  });
  return replaceBetween(page, 'runs', sections.join('\n\n'));
}

/** The runs of docs/perf, by name of their file. */
export async function publishedRuns() {
  const names = (await readdir(RUNS)).filter(name => name.endsWith('.json')).sort();
  return Promise.all(names.map(async name => JSON.parse(await readFile(new URL(name, RUNS), 'utf8'))));
}

if (isMain(import.meta.url)) {
  const { module } = await runnerImport(fileURLToPath(new URL('report.ts', import.meta.url)));
  await writeFile(PAGE, withRuns(await readFile(PAGE, 'utf8'), await publishedRuns(), module.tableOf));
}
