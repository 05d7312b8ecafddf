/** Opens an NBD address: one export, taken as a whole chain whose layers are distinguished by allocation depth. */

import type { ChainInfo } from '../../../shared/model/layer.ts';
import {
  ALLOCATION_DEPTH,
  BASE_ALLOCATION,
  bitmapNameOf,
  knownContext,
} from '../../../shared/nbd-contexts.ts';
import { connectNbd, type NbdConnection } from '../../nbd/client/client.ts';
import { walkReconnecting } from '../../nbd/walk/reconnect.ts';
import { nbdContent } from '../content/nbd-content.ts';
import type { PreparedTarget } from '../prepared-target.ts';
import { type AddressTrust, trustedAddress } from './nbd-address.ts';

/** Contexts without which the picture is incomplete: their absence is noted. */
const EXPECTED_CONTEXTS = [BASE_ALLOCATION, ALLOCATION_DEPTH];
/** Contexts that were not granted and are named in notes. */
const MAX_NAMED = 64;

/**
 * Connects to the export and describes it as a chain of one remote layer. Rejects with the NBD codes, NBD_URI_LOCAL_FILE
 * among them where the address names key files and `trust` does not cover them.
 */
export async function openUri(
  uri: string,
  trust: AddressTrust,
  signal: AbortSignal,
): Promise<PreparedTarget> {
  const address = trustedAddress(uri, trust);
  const connect = (until: AbortSignal) => connectNbd(address, { contexts: 'offered', signal: until });
  let connection = await connect(signal);
  const { size, subject } = connection;
  const granted = connection.contexts.map(context => context.name);
  const left = connection.offeredContexts.filter(name => !granted.includes(name));
  const unfedBitmaps = left.flatMap(name => bitmapNameOf(name) ?? []);
  const described = describeExport(connection, granted, left);
  return {
    baseMissing: false,
    describe: async () => described,
    plans: [
      {
        title: subject,
        size,
        clusterSize: 1,
        nbd: { exportKind: 'wholeChain', contexts: granted, unfedBitmaps },
      },
    ],
    feeds: [
      {
        layer: 0,
        async run(start, sink, feedSignal) {
          const reopen = async () => {
            connection = await connect(feedSignal);
            return connection;
          };
          await walkReconnecting(connection, { start }, sink.batch, { reopen, signal: feedSignal });
        },
      },
    ],
    content: nbdContent(() => connection, connect),
    close: () => connection.close(),
  };
}

function describeExport(
  connection: NbdConnection,
  granted: readonly string[],
  left: readonly string[],
): ChainInfo {
  const { size, subject, notes } = connection;
  const missing = EXPECTED_CONTEXTS.filter(name => ![...granted, ...left].includes(name));
  const unknown = granted.filter(name => knownContext(name) === undefined);
  return {
    size,
    complete: true,
    notes: [],
    findings: [],
    layers: [
      {
        index: 0,
        name: subject,
        path: subject,
        format: 'nbd',
        formatSource: 'given',
        size,
        fileSize: -1,
        allocatedSize: -1,
        clusterSize: 1,
        backing: { recorded: '', recordedFormat: '', resolved: '', status: 'none' },
        notes: [
          ...notes,
          ...missing.map(name => `The server does not offer ${name}: what it would tell is unknown here.`),
          ...left
            .slice(0, MAX_NAMED)
            .map(
              name => `The server offers ${name} but did not grant it: what it would tell is unknown here.`,
            ),
          ...unknown.map(
            name =>
              `The context ${name} is not known here: its numbers are shown as they are at each offset, and --as nbdinfo --context lists them.`,
          ),
        ],
      },
    ],
  };
}
