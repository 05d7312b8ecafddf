/** What commands do while the axis in view is that of a file: those that concern what is selected or chosen. */
import type { CommandId } from '../../../shared/commands.ts';
import { navigationOf } from '../axes/axis-navigation.ts';
import { plainHex } from '../selection/copy-forms.ts';
import { copyText } from '../selection/track-actions.ts';
import { announce, getState, setState } from '../store.ts';
import { chooseHost } from './host-layout.ts';

/** Commands that mean something else than on the guest's axis. */
export const HOST_ACTIONS: Partial<Readonly<Record<CommandId, () => unknown>>> = {
  'next-cluster': () => chooseNeighbor(1),
  'previous-cluster': () => chooseNeighbor(-1),
  'fit-selection': fitChosen,
  copy: copyChosen,
  clear: clearChosen,
};

/** Chooses the next (or previous) cluster of the file. */
function chooseNeighbor(step: number): void {
  const { host } = getState();
  if (host.map.phase !== 'mapped') return;
  const { clusterSize, fileLength } = host.map.layout;
  const at = Math.floor((host.chosen?.offset ?? 0) / clusterSize) + step;
  if (at < 0 || at * clusterSize >= fileLength) {
    announce('The file has no further cluster');
    return;
  }
  navigationOf('host').reveal(at * clusterSize);
  void chooseHost(at * clusterSize);
}

function fitChosen(): void {
  const cluster = getState().host.chosen?.cluster;
  if (cluster !== undefined) navigationOf('host').fitRange(cluster.start, cluster.start + cluster.length);
}

function copyChosen(): void {
  const { chosen } = getState().host;
  if (chosen !== undefined) void copyText(plainHex(chosen.cluster?.start ?? chosen.offset));
}

function clearChosen(): void {
  const { hover, host } = getState();
  if (hover !== undefined) setState({ hover: undefined });
  else setState({ host: { ...host, chosen: undefined } });
}
