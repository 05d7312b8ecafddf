/** Files that a layer names and that are not there, as the command line complains of them. */
import type { ErrorRecord } from '../../shared/error.ts';
import type { Finding } from '../../shared/model/finding.ts';
import type { LayerInfo } from '../../shared/model/layer.ts';

/** Why the layer's backing file is not part of the chain; empty where it is, or where there is none. */
export function missingBacking({ backing }: LayerInfo): ErrorRecord[] {
  return backing.error === undefined || backing.status === 'opened' ? [] : [backing.error];
}

const TWO_READINGS = ['CHAIN_FORMAT_BY_CONTENT', 'CHAIN_HEADER_LOST', 'QCOW2_INFERRED'];

/**
 * True for a finding with which a command ends as done with parts missing: something is lost, or a file can be read in
 * two ways, since no format is recorded for it, its header is gone, or what was lost of it is inferred.
 */
export function isPartFinding({ severity, code }: Finding): boolean {
  return severity === 'corruption' || TWO_READINGS.includes(code);
}

/** Why the layer's data file is not there; one that only lacks consent is not missed, since tables are read without it. */
export function missingDataFile({ dataFile }: LayerInfo): ErrorRecord[] {
  return dataFile?.error === undefined || dataFile.status !== 'missing' ? [] : [dataFile.error];
}
