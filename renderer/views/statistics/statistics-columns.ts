/** The columns of the table of statistics, each with its number of bytes of a track. */
import { type ExtentState, STATES } from '../../../shared/extent/flags.ts';
import { bytesInState, heldBytes, hiddenBytes, hidingZeroBytes } from '../../../shared/extent/track-bytes.ts';
import { type LegendKey, legendOf } from '../../../shared/legend.ts';
import { isRemote, type OpenedChain } from '../../../shared/model/chain.ts';
import type { TrackBytes } from '../../../shared/model/statistics.ts';
import type { TrackInfo } from '../../../shared/model/track.ts';

/** One column. */
export interface StatisticsColumn {
  /** Stable, for the header of what is copied. */
  readonly id: string;
  readonly title: string;
  readonly meaning: string;
  /** What its swatch shows. */
  readonly swatch?: LegendKey;
  /** Bytes of a track; undefined where the number says nothing about it. */
  readonly bytesOf: (sums: TrackBytes, track: TrackInfo) => number | undefined;
}

/** The columns that say something about a chain: who holds and who reads, then the states that occur. */
export function statisticsColumns(
  chain: OpenedChain,
  sums: readonly TrackBytes[],
): readonly StatisticsColumn[] {
  const legend = legendOf(chain);
  const occurs = (state: ExtentState) => sums.some(track => bytesInState(track, state) > 0);
  const ofStates = STATES.filter(occurs).map(
    (state): StatisticsColumn => ({
      id: state,
      title: legend[state].label,
      meaning: legend[state].meaning,
      swatch: state,
      bytesOf: track => bytesInState(track, state),
    }),
  );
  const ofLayer =
    (bytes: (sums: TrackBytes) => number) =>
    (track: TrackBytes, { kind }: TrackInfo) =>
      kind === 'layer' ? bytes(track) : undefined;
  const read: StatisticsColumn = {
    id: 'guestReads',
    title: 'guest reads',
    meaning: 'What the guest reads of this layer; in the first row, of any layer.',
    bytesOf: track => track.read,
  };
  // An export of a whole chain tells nothing of what its layers hide.
  if (isRemote(chain)) return [read, ...ofStates];
  return [
    {
      id: 'holds',
      title: 'holds',
      meaning: 'Data and zeros of the layer’s own, hidden or not.',
      bytesOf: ofLayer(heldBytes),
    },
    read,
    {
      id: 'hidden',
      title: 'hidden',
      meaning: 'What the layer holds and the guest does not read: a layer above holds others, or is shorter.',
      swatch: 'overridden',
      bytesOf: ofLayer(hiddenBytes),
    },
    ...(sums.some(track => hidingZeroBytes(track) > 0)
      ? [
          {
            id: 'zerosThatHideData',
            title: chain.chain.complete
              ? legend.holeOverrides.label
              : `${legend.holeOverrides.label}, at least`,
            meaning: legend.holeOverrides.meaning,
            swatch: 'holeOverrides',
            bytesOf: (track: TrackBytes, info: TrackInfo) => {
              const bytes = ofLayer(hidingZeroBytes)(track, info);
              return bytes === 0 && !chain.chain.complete ? undefined : bytes; // what lies below is not known
            },
          } as const,
        ]
      : []),
    ...ofStates,
  ];
}
