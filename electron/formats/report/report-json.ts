/** A report as JSON: docs/formats/report.md and docs/formats/report.schema.json. */
import type { CheckStep } from '../../../shared/model/check.ts';
import type { BackingLink } from '../../../shared/model/layer.ts';
import { totalsDocument } from '../map-json.ts';
import { guestDocument, withPartitions } from '../partitions-json.ts';
import { planJson } from '../plan-json.ts';
import type { Report } from './report.ts';

/** Name and version of the document; both change only together with its schema. */
const SCHEMA = { schema: 'cowscope.report', version: 1 } as const;

/** A link as it is recorded, and what became of it; undefined where there is none. */
function linkDocument(link: BackingLink | undefined): object | undefined {
  if (link === undefined || link.status === 'none') return undefined;
  const { recorded, recordedFormat, status, located = false } = link;
  return { recorded, recordedFormat, status, located };
}

/** The document as plain data. */
export function reportDocument({
  program,
  made,
  redacted,
  chain,
  totals,
  check,
  findings,
  guest,
  plan,
  unread,
}: Report): object {
  return {
    ...SCHEMA,
    program,
    made,
    redacted,
    verdict: check?.verdict,
    checks: check?.layers.map(({ layer, verdict, steps, qemuRefusal }) => ({
      layer,
      verdict,
      checks: steps.map(stepDocument),
      qemuRefusal,
    })),
    chainChecks: check?.steps.map(stepDocument),
    size: chain.size,
    complete: chain.complete,
    layers: chain.layers.map(({ index, name, path, format, size, clusterSize, backing, dataFile }) => ({
      index,
      name,
      path,
      format,
      size,
      clusterSize,
      backing: linkDocument(backing),
      dataFile: linkDocument(dataFile),
    })),
    totals: totalsDocument(chain, totals, undefined),
    ...(guest === undefined
      ? { findings }
      : {
          guest: guestDocument(guest),
          findings: findings.map(finding => withPartitions(finding, chain, guest)),
        }),
    plan: plan === undefined ? undefined : planJson(plan),
    unread,
  };
}

function stepDocument({ name, done, why, missing }: CheckStep) {
  return { name, done, why, missing };
}
