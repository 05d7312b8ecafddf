/**
 * npm's prepack step: builds the command line and its manual page, which with the README are all that the npm package
 * holds. Every dependency is inside the bundles, so installing it brings nothing else.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundle } from '../bundle.mjs';
import { COMMAND_LINE_BUNDLES, commandLineFiles } from './command-line.mjs';

await bundle([...COMMAND_LINE_BUNDLES, 'main']);
const manual = fileURLToPath(new URL('../../dist/cowscope.1', import.meta.url));
writeFileSync(manual, commandLineFiles().manual);
