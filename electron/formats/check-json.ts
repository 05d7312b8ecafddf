/** The JSON document of `cowscope check`: docs/formats/check.md. */
import type { ChainCheck, CheckCounts, CheckStep, LayerCheck } from '../../shared/model/check.ts';
import type { GuestDisk } from '../../shared/model/guest/guest-disk.ts';
import type { ChainInfo, LayerInfo } from '../../shared/model/layer.ts';
import { guestDocument, withPartitions } from './partitions-json.ts';

/** Name and version of the document; both change only together with its schema. */
const SCHEMA = { schema: 'cowscope.check', version: 1 } as const;

/** The document as plain data, with the guest's partitions where they were read. The keys of `qemu-img check` are those of the top layer. */
export function checkDocument(chain: ChainInfo, check: ChainCheck, guest?: GuestDisk): object {
  const layers = check.layers.map(layer => layerDocument(chain.layers[layer.layer], layer));
  const { layer: _layer, verdict: _verdict, checks: _checks, ...top } = layers.at(-1) ?? layerDocument();
  return {
    ...SCHEMA,
    ...top,
    verdict: check.verdict,
    checks: check.steps.map(stepDocument),
    layers,
    ...(guest === undefined
      ? { findings: check.findings }
      : {
          guest: guestDocument(guest),
          findings: check.findings.map(finding => withPartitions(finding, chain, guest)),
        }),
  };
}

function layerDocument(info?: LayerInfo, check?: LayerCheck) {
  return {
    layer: info?.index,
    filename: info?.path,
    format: info?.format,
    ...(check?.counts === undefined ? {} : qemuKeys(check.counts)),
    ...(check?.qemuRefusal === undefined ? {} : { 'qemu-refusal': check.qemuRefusal }),
    verdict: check?.verdict,
    checks: check?.steps.map(stepDocument),
  };
}

/** The keys and meanings of `qemu-img check --output=json`; those that it leaves out when they are 0 are there. */
function qemuKeys(counts: CheckCounts) {
  return {
    'image-end-offset': counts.imageEnd,
    'total-clusters': counts.totalClusters,
    corruptions: counts.corruptions,
    'check-errors': counts.checkErrors,
    leaks: counts.leaks,
    'allocated-clusters': counts.allocatedClusters,
    'fragmented-clusters': counts.fragmentedClusters,
    'compressed-clusters': counts.compressedClusters,
  };
}

function stepDocument({ name, done, why, missing }: CheckStep) {
  return done ? { name, done } : { name, done, why, missing };
}
