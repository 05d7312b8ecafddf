/** The JSON document of `cowscope plan`: docs/formats/plan.md and docs/formats/plan.schema.json. */
import type { Plan } from '../../shared/model/plan/plan.ts';

/** Name and version of the document; both change only together with its schema. */
const SCHEMA = { schema: 'cowscope.plan', version: 1 } as const;

/** The document of a plan. Hazards come before the numbers, as in the text. */
export function planJson({ operation, job, qemuVersion, qemuVersionSource, hazards, ...rest }: Plan): object {
  return { ...SCHEMA, operation, job, qemuVersion, qemuVersionSource, hazards, ...rest };
}
