import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** True when the module of that address is what Node was started with. */
export function isMain(address) {
  return process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(address);
}
