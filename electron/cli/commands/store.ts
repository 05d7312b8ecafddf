/** `cowscope store`: the images of folders, which of them rest on which, and what is wrong with that. */
import type { ErrorRecord } from '../../../shared/error.ts';
import type { Store } from '../../../shared/model/store/store.ts';
import { findingRecord } from '../../../shared/text/finding-text.ts';
import { jsonPieces } from '../../../shared/text/json.ts';
import { scanStore } from '../../chain/store/scan-store.ts';
import { isNbdUri } from '../../nbd/uri.ts';
import { usageError } from '../../service/cli-target.ts';
import { EXIT, type ExitCode, settleExit } from '../exit-codes.ts';
import { printErrorRecord, printNote, writeLine, writeLines, writePieces } from '../output.ts';
import { ProgressLine } from '../progress-line.ts';
import { storeLines } from '../text/store-text.ts';

/** Name and version of the document: docs/formats/store.md. */
const SCHEMA = { schema: 'cowscope.store', version: 1 } as const;

/** Most lines on standard error. */
const MAX_PRINTED_ERRORS = 100;

/** Carries out `cowscope store`. */
export async function storeCommand(
  roots: readonly string[],
  { output }: { readonly output: 'text' | 'json' },
): Promise<ExitCode> {
  const uri = roots.find(isNbdUri);
  if (uri !== undefined)
    throw usageError(
      'an NBD server is no folder',
      'name folders, files or block devices; cowscope layers lists its exports',
      uri,
    );
  const progress = new ProgressLine();
  let store: Store;
  try {
    store = await scanStore({
      roots,
      onProgress: ({ entries, folders }) => progress.show(() => `${entries} entries in ${folders} folders`),
    });
  } finally {
    progress.clear();
  }
  const missing = [...unreadParts(store)];
  const exit = settleExit(missing.length > 0 || !store.coverage.complete ? EXIT.partial : EXIT.done);
  if (output === 'text') await writeLines(storeLines(store));
  else {
    await writePieces(jsonPieces({ ...SCHEMA, ...store }, 2));
    await writeLine();
  }
  for (const record of missing.slice(0, MAX_PRINTED_ERRORS)) printErrorRecord(record);
  if (missing.length > MAX_PRINTED_ERRORS)
    printNote(`${missing.length - MAX_PRINTED_ERRORS} more of these are in the output`);
  return exit;
}

/** What could not be read, and what is lost. */
function* unreadParts({ coverage, images, findings }: Store): Generator<ErrorRecord> {
  yield* coverage.errors;
  for (const { error } of images) if (error !== undefined) yield error;
  for (const finding of findings)
    if (finding.severity === 'corruption') yield findingRecord(finding, images[finding.layer]?.path ?? '');
}
