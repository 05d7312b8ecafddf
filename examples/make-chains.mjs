#!/usr/bin/env node
/**
 * node examples/make-chains.mjs [folder]
 *
 * Makes the demo chains in a folder (default: chains/ beside this file) and says what each is, one line each. A chain that
 * is there and newer than its recipe stays. Without qemu the plain chains are written byte by byte, the others left out.
 */
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isPlain, writeChain } from './layer-bytes.mjs';
import { makeChain, recipes } from './recipes.mjs';

const root = folderAsked() ?? fileURLToPath(new URL('chains', import.meta.url));
await mkdir(root, { recursive: true });
const reports = await Promise.all(recipes.map(report));
for (const { line, failed } of reports) (failed ? console.error : console.log)(line);
if (reports.some(({ failed }) => failed)) process.exitCode = 1;

/** The folder that was named; anything that looks like an option is a question or a mistake, never a folder. */
function folderAsked() {
  const usage = 'usage: node examples/make-chains.mjs [folder]';
  try {
    const { values, positionals } = parseArgs({
      options: { help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    if (positionals.length > 1) throw new Error('one folder at most');
    return positionals[0];
  } catch (error) {
    console.error(`${error.message}\n${usage}`);
    process.exit(64);
  }
}

async function report(recipe) {
  const top = shown(join(root, recipe.name, recipe.layers.at(-1).file));
  try {
    const made = (await isFresh(recipe)) || (await inPlace(recipe, makeOrWrite));
    return {
      line: made ? `${top}  ${recipe.about}` : `${recipe.name}: left out, it needs qemu-img and qemu-io`,
    };
  } catch (error) {
    const why = (error.stderr || error.message).trim().split('\n')[0];
    return { line: `${recipe.name}: could not be made: ${why}`, failed: true };
  }
}

/** A path as a person would type it from here. */
function shown(path) {
  const fromHere = relative('', path);
  return fromHere.startsWith('..') ? path : fromHere;
}

/** True when every file of a chain is there and newer than the recipes. */
async function isFresh({ name, layers }) {
  const recipe = await stat(new URL('recipes.mjs', import.meta.url));
  const files = layers.map(({ file }) => stat(join(root, name, file)));
  return Promise.all(files).then(
    stats => stats.every(({ mtimeMs }) => mtimeMs >= recipe.mtimeMs),
    () => false,
  );
}

/** Makes a chain beside its place and moves it there, so that what stands there is always whole. */
async function inPlace(recipe, make) {
  const place = join(root, recipe.name);
  const beside = await mkdtemp(join(root, `.${recipe.name}-`));
  try {
    if (!(await make(recipe, beside))) return false;
    await rm(place, { recursive: true, force: true });
    await rename(beside, place);
    return true;
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

/** True when the chain could be made, with qemu where it is installed. */
async function makeOrWrite(recipe, folder) {
  try {
    await makeChain(recipe, folder);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    if (!recipe.layers.every(isPlain)) return false;
    await writeChain(recipe, folder);
  }
  return true;
}
