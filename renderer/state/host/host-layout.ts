/** The layout of one layer's file: which file is shown, what is chosen in it, and the way to and from the guest's disk. */
import type { OpenedChain } from '../../../shared/model/chain.ts';
import type { HostCluster, HostKind } from '../../../shared/model/layout.ts';
import { HOST_KIND_NAMES } from '../../../shared/text/host-kinds.ts';
import { formatOffset } from '../../../shared/text/offset.ts';
import { bytesPerPx } from '../../axis/scale.ts';
import { requestDraw } from '../../canvas/frame.ts';
import { openAxis } from '../axes/axis-data.ts';
import { navigationOf } from '../axes/axis-navigation.ts';
import { askChain } from '../chain/ask-chain.ts';
import { selectAt } from '../selection/selection.ts';
import { announce, getAxis, getState, setState, toggled } from '../store.ts';
import { showView } from '../views.ts';
import { hostSource } from './host-source.ts';
import { type HostState, NO_HOST } from './host-state.ts';

/** The id of the view that shows a file. */
const HOST_VIEW = 'host';

/** CSS pixels that a chosen cluster has at least, and how many of its lengths are shown otherwise. */
const MIN_TARGET_PX = 8;
const SHOWN_LENGTHS = 33;
/** What the strip has at least, also before it is laid out. */
const MIN_WIDTH_PX = 300;

/** The layer whose file is shown first: that of the selected track, else the top one. */
export function firstHostLayer({ tracks, chain }: OpenedChain): number {
  const track = getState().selection?.track;
  const shown = tracks.find(({ id, kind }) => id === track && kind === 'layer');
  return shown?.layer ?? chain.layers.length - 1;
}

let mapping: Promise<void> = Promise.resolve();

/** Maps the file of a layer and shows it, unless it is shown already. Resolves once it is mapped or cannot be. */
export function openHostLayer(layer: number): Promise<void> {
  const { host } = getState();
  if (host.layer !== layer || host.map.phase === 'none') mapping = mapLayer(layer);
  return mapping;
}

async function mapLayer(layer: number): Promise<void> {
  const { chain } = getState();
  if (chain === undefined) return;
  setState({ host: { ...NO_HOST, layer, map: { phase: 'mapping' } } });
  const reply = await askChain('hostLayout', { layer });
  if (reply === undefined || getState().host.layer !== layer) return;
  if (!reply.ok) {
    setHost({ map: { phase: 'refused', why: reply.error.what } });
    return;
  }
  const { value } = reply;
  if (value.mapped) openAxis('host', hostSource(chain.sessionId, layer, value.layout.fileLength));
  setHost({
    map: value.mapped
      ? { phase: 'mapped', layout: value.layout, dataRuns: value.dataRuns }
      : { phase: 'refused', why: value.why },
  });
  requestDraw();
}

/** Shows an offset of a layer's file in the view of its layout, with what refers to it. */
export async function showInHostLayout(layer: number, offset: number): Promise<void> {
  showView(HOST_VIEW);
  await openHostLayer(layer);
  const { host } = getState();
  if (host.layer !== layer || host.map.phase !== 'mapped') return;
  const { clusterSize, fileLength } = host.map.layout;
  if (offset >= fileLength) {
    announce(`The file ends at ${formatOffset(fileLength)}: nothing lies at ${formatOffset(offset)}`);
    return;
  }
  zoomToCluster(offset, clusterSize);
  await chooseHost(offset);
}

/**
 * Chooses an offset of the file and looks up what refers to its cluster. What the active disk holds there is selected on
 * the track of the layer too, so that it is marked in the other views.
 */
export async function chooseHost(at: number): Promise<void> {
  const { size } = getAxis('host');
  const offset = Math.min(Math.max(Math.floor(at), 0), Math.max(size - 1, 0));
  const chosen = { offset };
  setHost({ chosen });
  requestDraw();
  const { layer } = getState().host;
  const reply = await askChain('hostCluster', { layer, offset });
  if (reply === undefined || getState().host.chosen !== chosen) return;
  if (!reply.ok) {
    if (reply.error.code !== 'CANCELLED') setState({ error: reply.error });
    return;
  }
  const cluster = reply.value;
  setHost({ chosen: { offset, cluster } });
  const place = placesOnDisk(cluster)[0];
  const track = getState().chain?.tracks.find(({ kind, layer: of }) => kind === 'layer' && of === layer);
  if (place !== undefined && track !== undefined) await selectAt({ track: track.id, offset: place.start });
  setState({ announcement: `${formatOffset(cluster.start)}, ${HOST_KIND_NAMES[cluster.kind]}` });
}

/** What the active disk has of a cluster: entries, not whole tables. */
function placesOnDisk({
  users,
}: HostCluster): readonly { readonly start: number; readonly length: number }[] {
  return users.flatMap(({ entry, places = [] }) =>
    entry === undefined ? [] : places.filter(({ snapshot }) => snapshot === undefined),
  );
}

/** Goes to the next region of a kind: from what is chosen on, else from the start of what is in view. */
export async function nextOfKind(kind: HostKind, backwards = false): Promise<void> {
  const { host } = getState();
  if (host.map.phase !== 'mapped') return;
  const { viewport } = getAxis('host');
  const from = host.chosen?.offset ?? Math.ceil(viewport.start) - 1;
  const request = { layer: host.layer, kind, backwards };
  let reply = await askChain('hostSeek', { ...request, from: Math.floor(from) });
  // Behind the last one the search starts over.
  if (reply?.ok && reply.value < 0) reply = await askChain('hostSeek', { ...request, from: -1 });
  if (reply === undefined) return;
  if (!reply.ok) {
    if (reply.error.code !== 'CANCELLED') setState({ error: reply.error });
    return;
  }
  if (reply.value < 0) announce(`There is none: ${HOST_KIND_NAMES[kind]}`);
  else {
    zoomToCluster(reply.value, host.map.layout.clusterSize);
    await chooseHost(reply.value);
  }
}

/** Highlights a kind, or no longer. */
export function highlightKind(kind: HostKind): void {
  setHost({ highlighted: toggled(getState().host.highlighted, kind) });
  requestDraw();
}

/** Where the selected offset of the guest lies in the file that is shown; undefined where it does not. */
export function hostOfSelection(): number | undefined {
  const { inspection, host, chain } = getState();
  const found = inspection?.layers.find(({ layer }) => layer === host.layer);
  if (found === undefined || found.hostOffset < 0) return undefined;
  return chain?.chain.layers[host.layer]?.dataFile === undefined ? found.hostOffset : undefined;
}

function zoomToCluster(offset: number, clusterSize: number): void {
  const { viewport, width, size } = getAxis('host');
  const start = Math.floor(offset / clusterSize) * clusterSize;
  navigationOf('host').reveal(start);
  if (clusterSize / bytesPerPx(viewport, Math.max(width, MIN_WIDTH_PX)) >= MIN_TARGET_PX) return;
  const around = (clusterSize * (SHOWN_LENGTHS - 1)) / 2;
  navigationOf('host').fitRange(Math.max(0, start - around), Math.min(size, start + clusterSize + around));
}

function setHost(change: Partial<HostState>): void {
  setState({ host: { ...getState().host, ...change } });
}
