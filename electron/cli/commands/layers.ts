/** `cowscope layers`: the chain as discovery found it, or what an NBD server offers. */

import { findingRecord } from '../../../shared/text/finding-text.ts';
import { jsonPieces } from '../../../shared/text/json.ts';
import { targetOf } from '../../service/cli-target.ts';
import { describeTarget } from '../../service/describe-target.ts';
import { EXIT, type ExitCode, settleExit } from '../exit-codes.ts';
import { isPartFinding, missingBacking, missingDataFile } from '../missing-links.ts';
import { printErrorRecord, writeLine, writeLines, writePieces } from '../output.ts';
import { ProgressLine } from '../progress-line.ts';
import { consentOf, type TargetOptions } from '../target.ts';
import { chainLines } from '../text/layers-text.ts';

/** Name and version of the document: docs/map-schema.md. */
const SCHEMA = { schema: 'cowscope.layers', version: 2 } as const;

/** Carries out `cowscope layers`. */
export async function layersCommand(
  targetArgs: readonly string[],
  options: TargetOptions & { readonly output: 'text' | 'json' },
): Promise<ExitCode> {
  const target = targetOf(targetArgs, options);
  // The names in a hostile image may be longer, all together, than a text can be.
  const print = async (document: object, lines: () => Iterable<string>) => {
    if (options.output === 'text') return writeLines(lines());
    await writePieces(jsonPieces({ ...SCHEMA, ...document }, 2));
    await writeLine();
  };
  if (target.kind === 'nbd') {
    const { describeNbdServer } = await import('../../service/nbd/nbd-exports.ts'); // not loaded for files
    const { exportsLines } = await import('../text/exports-text.ts');
    const server = await describeNbdServer(target.uri, { allowLocalFiles: true });
    const missing = server.exports.flatMap(({ uri, error }) =>
      error === undefined ? [] : [{ ...error, subject: uri }],
    );
    const exit = settleExit(missing.length > 0 ? EXIT.partial : EXIT.done);
    await print({ uri: target.uri, ...server }, () => exportsLines(server));
    for (const error of missing) printErrorRecord(error);
    return exit;
  }
  const progress = new ProgressLine();
  const chain = await describeTarget(target, consentOf(options), progress.showReads);
  const missing = [
    ...chain.layers.flatMap(layer => [...missingBacking(layer), ...missingDataFile(layer)]),
    ...chain.findings
      .filter(isPartFinding)
      .map(finding => findingRecord(finding, chain.layers[finding.layer]?.path ?? '')),
  ];
  const exit = settleExit(missing.length > 0 ? EXIT.partial : EXIT.done);
  await print(chain, () => chainLines(chain));
  for (const error of missing) printErrorRecord(error);
  return exit;
}
