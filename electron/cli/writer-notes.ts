/** Notes about images that other programs write to while they are read here. */
import { CHAIN_IN_USE } from '../../shared/model/finding.ts';
import type { ChainInfo } from '../../shared/model/layer.ts';
import { findingSentence } from '../../shared/text/finding-text.ts';
import { printNote } from './output.ts';

/** Says on standard error which images of a chain are open for writing; of one layer alone where `layer` is given. */
export function printWriterNotes(
  { layers, findings }: Pick<ChainInfo, 'layers' | 'findings'>,
  layer?: number,
): void {
  for (const finding of findings)
    if (finding.code === CHAIN_IN_USE && (layer === undefined || finding.layer === layer))
      printNote(`${layers[finding.layer]?.name ?? ''}: ${findingSentence(finding)}`);
}
