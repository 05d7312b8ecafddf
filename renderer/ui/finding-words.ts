/** Parts of findings in words, as the window shows them. */
import { STATES } from '../../shared/extent/flags.ts';
import { legendOfWitness } from '../../shared/legend.ts';
import { isRemote, type OpenedChain } from '../../shared/model/chain.ts';
import type { FindingEvidence, WitnessAnswer } from '../../shared/model/finding.ts';
import type { LayerProgress } from '../../shared/model/progress.ts';
import { formatOffset } from '../../shared/text/offset.ts';

/** What it means that nothing was found. */
export function nothingFound(
  chain: OpenedChain,
  progress: readonly LayerProgress[],
  isChecked: boolean,
): string {
  if (isRemote(chain)) return 'Over NBD there are no tables to see damage in.';
  const some = (...phases: LayerProgress['phase'][]) => progress.some(({ phase }) => phases.includes(phase));
  const when = some('reading', 'waiting')
    ? 'so far'
    : some('failed', 'cancelled')
      ? 'in what was read'
      : 'while mapping';
  const where = chain.chain.complete ? '' : ' in the layers that are open';
  if (isChecked) return `The check found no damage${where}.`;
  return `No damage seen${where} ${when}; refcounts are not checked.`;
}

/** A value that proves a finding, and where it lies. Untrusted text. */
export function evidenceText({ source, fileOffset, value, bits }: FindingEvidence): string {
  const where = fileOffset === undefined ? '' : ` at file offset ${formatOffset(fileOffset)}`;
  return [`${source}${where}`, value, bits].filter(part => part !== '').join(', ');
}

/** What one of two sources says. */
export function answerText({ witness, answer }: WitnessAnswer): string {
  const state = STATES.find(name => name === answer);
  if (state === undefined) return `${witness}: ${answer}`;
  return `${witness}: ${legendOfWitness(witness === 'nbd' ? 'nbd' : 'metadata')[state].label}`;
}
