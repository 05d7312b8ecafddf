import type { OpenedChain } from '../../../shared/model/chain.ts';
import type { Finding } from '../../../shared/model/finding.ts';
import { findingPartitions } from '../../../shared/text/guest/partition-text.ts';
import { useStore } from '../../state/store.ts';

/** In which of the guest's partitions a finding lies, in words; empty where they were not read or it names no place. */
export function useFindingPartitions(finding: Finding, { chain }: OpenedChain): string {
  const partitions = useStore(state => state.partitions);
  if (partitions.phase !== 'read') return '';
  return findingPartitions(finding, partitions.disk, chain.layers[finding.layer]?.clusterSize ?? 1);
}
