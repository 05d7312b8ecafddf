/**
 * npm test [-- WHAT...] [--electron=npm | --electron=official]
 *
 * Builds, then everything or what is named: typecheck, lint, unit, property, golden, renderer, e2e, packages. Any other word
 * is part of a test file's path and runs the files it fits. The packages are made and tested only when named, or where
 * COWSCOPE_TEST_PACKAGES=1 asks for it: that takes a minute or two and needs Electron. Ends with the failures by name, then
 * one line, `N passed, N failed` and `, N skipped` where some were; typecheck and lint are a test each. The end-to-end
 * tests are skipped without Electron, unless COWSCOPE_REQUIRE_ELECTRON=1 makes that a failure.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { bundleOrSay } from './bundle.mjs';
import { electronRuntime, sayWhatItIs } from './electron-runtime.mjs';
import { hasDisplay, sandboxProblem, takeRequest, virtualDisplay } from './launch-electron.mjs';
import { cacheFolder } from './memory.mjs';
import { setUp } from './setup.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const vitestProjects = ['packages', 'unit', 'property', 'golden', 'renderer'];
const steps = ['typecheck', 'lint', ...vitestProjects, 'e2e'];

const { request, rest } = takeRequest(process.argv.slice(2));
const files = rest.filter(word => !steps.includes(word));
const named = rest.filter(word => steps.includes(word));
const total = { passed: 0, failed: 0, skipped: 0 };
/** A line for each failure: what failed and the first line of why. Printed last, where a long log is cut. */
const failures = [];

// Tests that look for the runtime themselves find the one that was asked for.
if (request !== undefined) process.env.COWSCOPE_ELECTRON = request;
setUp();
mkdirSync(cacheFolder, { recursive: true });
// A build that works is no test passed; one that does not is a test failed.
const isBuilt = await bundleOrSay(undefined, fail);
if (wants('typecheck')) command('typecheck', 'typescript/bin/tsc', ['-b']);
if (wants('lint')) command('lint', '@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '.']);
vitest();
if (wants('e2e') || files.some(file => file.includes('e2e'))) await endToEnd();

for (const line of failures) console.log(`failed: ${line}`);
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
// Nothing at all is no success.
process.exitCode = total.failed > 0 || total.passed + total.skipped === 0 ? 1 : 0;

function wants(step) {
  if (rest.length > 0) return named.includes(step);
  return step !== 'packages' || process.env.COWSCOPE_TEST_PACKAGES === '1';
}

function add({ passed = 0, failed = 0, skipped = 0 }) {
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
}

/** Counts a failure and says why, at once and at the end. */
function fail(why) {
  console.log(`failed: ${why}`);
  failures.push(why);
  add({ failed: 1 });
}

/** Keeps a failure for the end, with the first line of its message, without colors. */
function keepFailure(name, message = '') {
  const [first] = stripVTControlCharacters(message).split('\n');
  failures.push(first === '' ? name : `${name}: ${first}`);
}

/** A tool whose success is one test. */
function command(name, script, args) {
  console.log(`\n${name}`);
  if (run(process.execPath, [join(root, 'node_modules', script), ...args]) === 0) add({ passed: 1 });
  else fail(name);
}

function vitest() {
  const projects = vitestProjects.filter(wants);
  if (projects.length === 0 && (files.length === 0 || files.every(file => file.includes('e2e')))) return;
  console.log(`\n${(projects.length > 0 ? projects : vitestProjects).join(', ')}`);
  const report = reportFile('vitest');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const chosen = projects.map(name => `--project=${name}`);
  const args = ['run', '--config', 'build/vitest.config.ts', ...reporters, ...chosen, ...files];
  const code = run(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), ...args]);
  const result = readReport(report);
  if (result === undefined) return fail('vitest ended without a report');
  const { numPassedTests: passed, numFailedTests, numPendingTests, numTodoTests, testResults } = result;
  // A file that cannot be loaded has failed without a test to show for it.
  const unloaded = testResults.filter(
    file => file.status === 'failed' && !file.assertionResults.some(isFailed),
  );
  for (const { name, message } of unloaded) keepFailure(relative(root, name), message);
  for (const { name, assertionResults } of testResults) {
    for (const { fullName, failureMessages } of assertionResults.filter(isFailed)) {
      keepFailure(`${relative(root, name)}: ${fullName}`, failureMessages[0]);
    }
  }
  const failed = numFailedTests + unloaded.length;
  add({ passed, failed, skipped: numPendingTests + numTodoTests });
  for (const { fullName } of testResults.flatMap(file => file.assertionResults.filter(isSkipped))) {
    console.log(`skipped: ${fullName}: marked so in the test`);
  }
  if (code !== 0 && failed === 0) fail(`vitest ended with exit code ${code}`);
}

function isFailed({ status }) {
  return status === 'failed';
}

function isSkipped({ status }) {
  return status !== 'failed' && status !== 'passed';
}

async function endToEnd() {
  console.log('\ne2e');
  if (!isBuilt) return skipEndToEnd('the build failed');
  const runtime = await electronRuntime({ request });
  const why = runtime.why || sandboxProblem(runtime.folder);
  if (why) return skipEndToEnd(why);
  const display = hasDisplay() ? { command: process.execPath, args: [] } : virtualDisplay();
  if (display.why) return skipEndToEnd(display.why);
  sayWhatItIs(runtime, console.log);
  const script = hasDisplay() ? [] : [process.execPath];
  const report = reportFile('e2e');
  const env = {
    ...process.env,
    ...(runtime.origin === 'official' ? {} : { ELECTRON_OVERRIDE_DIST_PATH: runtime.folder }),
    PLAYWRIGHT_JSON_OUTPUT_FILE: report,
  };
  const code = run(display.command, [...display.args, ...script, ...playwright('--reporter=list,json')], env);
  const result = readReport(report);
  if (result === undefined) return fail('Playwright ended without a report');
  const { expected, unexpected, flaky, skipped } = result.stats;
  add({ passed: expected, failed: unexpected + flaky, skipped });
  keepFailedSpecs(result);
  if (skipped > 0) console.log(`skipped: ${skipped} end-to-end tests: marked so in the test`);
  if (code !== 0 && unexpected + flaky === 0) fail(`Playwright ended with exit code ${code}`);
}

/** Keeps each end-to-end test that failed at least once. */
function keepFailedSpecs({ specs = [], suites = [] }) {
  for (const { title, file, tests } of specs) {
    const results = tests.flatMap(test => test.results);
    const failed = results.find(({ status }) => status !== 'passed' && status !== 'skipped');
    if (failed !== undefined) keepFailure(`test/e2e/${file}: ${title}`, failed.error?.message);
  }
  for (const suite of suites) keepFailedSpecs(suite);
}

function playwright(...options) {
  const chosen = files.filter(file => file.includes('e2e'));
  return [
    join(root, 'node_modules/@playwright/test/cli.js'),
    'test',
    '-c',
    'build/playwright.config.ts',
    ...options,
    ...chosen,
  ];
}

/** Counts the end-to-end tests as skipped, or their absence as a failure where they are required. */
function skipEndToEnd(why) {
  if (process.env.COWSCOPE_REQUIRE_ELECTRON === '1') return fail(`end-to-end tests are required: ${why}`);
  const report = reportFile('e2e');
  const env = { ...process.env, PLAYWRIGHT_JSON_OUTPUT_FILE: report };
  run(process.execPath, playwright('--list', '--reporter=json'), env, 'ignore');
  const count = countSpecs(readReport(report));
  console.log(`skipped: ${count} end-to-end tests: ${why}`);
  add({ skipped: count });
}

function countSpecs({ specs = [], suites = [] } = {}) {
  return specs.length + suites.reduce((sum, suite) => sum + countSpecs(suite), 0);
}

function run(program, args, env = process.env, output = 'inherit') {
  const { status } = spawnSync(program, args, { cwd: root, env, stdio: ['ignore', output, output] });
  return status === null ? 1 : status;
}

function reportFile(name) {
  const file = join(cacheFolder, `${name}-report.json`);
  rmSync(file, { force: true });
  return file;
}

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
