/** Parts of findings in words, as the window shows them. */
import { STATES } from '../../shared/extent/flags.ts';
import { legendOfWitness } from '../../shared/legend.ts';
import { hasTables, isRemote, type OpenedChain } from '../../shared/model/chain.ts';
import type { WitnessAnswer } from '../../shared/model/finding.ts';
import type { LayerProgress } from '../../shared/model/progress.ts';

/** What it means that nothing was found. */
export function noFindingsText(
  chain: OpenedChain,
  progress: readonly LayerProgress[],
  isChecked: boolean,
): string {
  if (isRemote(chain)) return 'Over NBD there are no tables to see damage in.';
  if (!hasTables(chain)) return 'A raw file has no tables to see damage in.';
  const some = (...phases: LayerProgress['phase'][]) => progress.some(({ phase }) => phases.includes(phase));
  const { complete } = chain.chain;
  if (isChecked) return `The check found no damage${complete ? '' : ' in the layers that are open'}.`;
  const where = complete ? '' : ' of the layers that are open';
  const when = some('reading', 'waiting')
    ? ' so far'
    : some('failed', 'cancelled')
      ? ', as far as they were read'
      : '';
  return `No damage in the tables${where}${when}. Refcounts are not checked yet.`;
}

/** What one of two sources says. */
export function witnessAnswerText({ witness, answer }: WitnessAnswer): string {
  const state = STATES.find(name => name === answer);
  if (state === undefined) return `${witness}: ${answer}`;
  return `${witness}: ${legendOfWitness(witness === 'nbd' ? 'nbd' : 'metadata')[state].label}`;
}
