/** That a job writes to files which the system does not let it write to. */
import { type Finding, makeFinding } from '../../../shared/model/finding.ts';
import type { LayerInfo } from '../../../shared/model/layer.ts';
import type { PlanJob } from '../../../shared/model/plan/plan.ts';
import { quotedName } from '../layer-names.ts';

/** What is said of each reason that the system gives for not letting this user write to a file (access(2)). */
const REASONS = {
  EACCES: {
    why: 'this user may not write to it',
    advice: 'run the commands as a user that may, or give this one the permission',
  },
  EPERM: {
    why: 'its attributes keep everything from changing it',
    advice:
      'see `lsattr`: the attribute immutable is set to protect a file, so find out why before `chattr -i`',
  },
  EROFS: {
    why: 'its file system is mounted read-only',
    advice: 'mount that for writing, or copy the file to where it can be written to',
  },
} as const;

/** One of {@link REASONS}. */
export type RefusalReason = keyof typeof REASONS;

/** A file that may not be written to. */
export interface WriteRefusal {
  /** Where it is the external data file of a layer, the name of that file. Untrusted text. */
  readonly dataFile?: string;
  readonly reason: RefusalReason;
}

/** The layers of a chain, base first, and by layer its file that may not be written to. */
interface ClosedFiles {
  readonly layers: readonly { readonly info: LayerInfo }[];
  readonly refusals: readonly (WriteRefusal | undefined)[];
}

/** True for the code of an error that is such a reason. */
export function isRefusalReason(code: unknown): code is RefusalReason {
  return typeof code === 'string' && Object.hasOwn(REASONS, code);
}

/** Which layers a job opens for writing. */
export interface WrittenLayers {
  /** Those that must be open before it begins. */
  readonly first: readonly number[];
  /** The one whose link is changed when everything is copied. */
  readonly last?: number | undefined;
}

/**
 * A finding for each layer that the job opens for writing and may not. A running qemu may be another user, whose
 * permissions are not known here.
 */
export function notWritable(
  { layers, refusals }: ClosedFiles,
  { first, last }: WrittenLayers,
  job: PlanJob,
): Finding[] {
  const opened = [...new Set(last === undefined ? first : [...first, last])];
  return opened.flatMap(layer => {
    const refusal = refusals[layer];
    if (refusal === undefined || (job !== 'qemu-img' && refusal.reason === 'EACCES')) return [];
    const { why, advice } = REASONS[refusal.reason];
    const name = quotedName(layers, layer);
    const { dataFile } = refusal;
    const file = dataFile === undefined ? name : `the data file ${JSON.stringify(dataFile)} of ${name}`;
    const end = first.includes(layer)
      ? `${job === 'qemu-img' ? 'qemu-img' : 'the job'} ends before anything is written`
      : 'everything is copied, and then the link of this image cannot be changed';
    return makeFinding({
      code: 'PLAN_NOT_WRITABLE',
      severity: 'hazard',
      layer,
      what: `${file} has to be written to, and ${why}: ${end}`,
      advice,
    });
  });
}
