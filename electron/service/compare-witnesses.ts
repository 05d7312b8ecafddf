/** Compares what the tables of each layer say with what qemu-nbd says of it, everywhere. */
import { withStep, worstVerdict } from '../../shared/model/check.ts';
import { compareFindings, WITNESS_CODES } from '../../shared/model/finding.ts';
import type { LayerProgress } from '../../shared/model/progress.ts';
import type { Consent, OpenTarget } from '../../shared/model/target.ts';
import { openChain } from './chain-session.ts';
import type { CheckedTarget } from './check-target.ts';
import { sumOfLayers } from './progress/layer-sums.ts';
import type { SessionOptions } from './session-options.ts';

/** Extents that came over NBD and are kept until they are compared: nothing else is asked of them. */
const KEPT_EXTENTS = 4_000_000;

/** How to compare. */
export interface CompareWitnessesRequest {
  /** Open images that another process has locked. */
  readonly forceShare?: boolean | undefined;
  /** Called with the bytes of the guest disks that were read, and their number in all. */
  readonly onWalk?: ((offset: number, size: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads every layer of a target that was checked by both witnesses, and adds to its check where they differ. Rejects with
 * CowscopeError where the target cannot be opened, and with the reason of the signal. A layer that qemu-nbd cannot read
 * is reported as a missing step.
 */
export async function compareWitnesses(
  checked: CheckedTarget,
  target: OpenTarget & { kind: 'files' },
  consent: Consent,
  { forceShare = false, onWalk, signal }: CompareWitnessesRequest,
): Promise<CheckedTarget> {
  const { check } = checked;
  const options: SessionOptions = {
    consent,
    buildPyramid: false,
    fedBudget: KEPT_EXTENTS,
    forceShare,
    ...(signal === undefined ? {} : { signal }),
  };
  const onProgress = (layers: readonly LayerProgress[]) =>
    onWalk?.(...sumOfLayers(layers.filter(({ witness }) => witness === 'nbd')));
  const session = await openChain(target, options, { onProgress });
  const giveUp = () => void session.close();
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    const failed = await session.fed();
    const compared = await session.ask('compareWitnesses', {});
    const steps = compared.map((step, layer) => {
      const error = failed.find(one => one.layer === layer)?.error;
      if (error === undefined || step.done || !step.missing) return step;
      // An encrypted layer is read by qemu with its key alone: nothing that could be compared is left out.
      return { ...step, why: error.what, missing: error.code !== 'QEMU_ENCRYPTED' };
    });
    const layers = check.layers.map(layer => withStep(layer, steps[layer.layer]));
    const verdict = worstVerdict([check.verdict, ...layers.map(layer => layer.verdict)]);
    const differ = (await session.allFindings()).filter(({ code }) => WITNESS_CODES.includes(code));
    const findings = [...check.findings, ...differ].sort(compareFindings);
    return { ...checked, check: { ...check, verdict, layers, findings } };
  } catch (error) {
    signal?.throwIfAborted(); // what failed because the session was closed
    throw error;
  } finally {
    signal?.removeEventListener('abort', giveUp);
    await session.close();
  }
}
