/** Where an output goes that a person named. */
import { absolutePath } from '../../chain/absolute-path.ts';

/**
 * The absolute path of an output. A slash at its end stays, which says that a folder is meant: no file is made there.
 * Throws NO_WORKING_FOLDER for a relative path where the working folder was removed.
 */
export function outputPath(text: string): string {
  const path = absolutePath(text);
  return text.endsWith('/') && !path.endsWith('/') ? `${path}/` : path;
}
