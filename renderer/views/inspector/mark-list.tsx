import { LEGEND, MARK_KEYS, type MarkKey } from '../../../shared/legend.ts';
import { incompleteChainText, isRemote, type OpenedChain } from '../../../shared/model/chain.ts';
import type { SeekKind } from '../../../shared/model/statistics.ts';
import { firstMarked, jumpToMatch, seekFirst } from '../../state/selection/seek.ts';
import { jumpTo } from '../../state/selection/selection.ts';
import { usePresentKeys } from '../../ui/hooks/use-present-keys.ts';
import { InspectorSection } from '../../ui/inspector-section.tsx';
import { StateSwatch } from '../../ui/state-swatch.tsx';

const SEEK_KINDS: Partial<Record<MarkKey, SeekKind>> = {
  overrides: 'override',
  holeOverrides: 'holeOverride',
  dirty: 'dirty',
  damaged: 'damaged',
};

/** The marks that occur in this chain, each with a button that goes to where it occurs first. */
export function MarkList({ chain }: { readonly chain: OpenedChain }) {
  const present = usePresentKeys();
  // What is lost comes before what is as it was meant.
  const marks = MARK_KEYS.filter(mark => mark !== 'overridden' && present.includes(mark)).toSorted(
    (a, b) => Number(b === 'damaged') - Number(a === 'damaged'),
  );
  const goToFirst = async (mark: MarkKey) => {
    const kind = SEEK_KINDS[mark];
    for (const { id } of chain.tracks.filter(track => track.kind !== 'guest')) {
      const offset = kind === undefined ? firstMarked(id, mark) : await seekFirst(id, kind);
      if (offset === undefined) continue;
      if (kind === undefined) await jumpTo({ track: id, offset });
      else await jumpToMatch(id, offset, kind, LEGEND[mark].label);
      return;
    }
  };
  return (
    <InspectorSection title="In this chain">
      {isRemote(chain) && (
        <p className="hint">
          Over NBD it is known which layer is read, not what it hides: overrides cannot be shown.
        </p>
      )}
      {!chain.chain.complete && <p className="hint incomplete">{incompleteChainText(chain)}</p>}
      {marks.length === 0 && !isRemote(chain) && <p className="hint">{nothingMarked(chain)}</p>}
      {marks.length > 0 && (
        <ul className="highlights">
          {marks.map(mark => (
            <li key={mark}>
              <StateSwatch of={mark} />
              <div>
                <strong className="highlight-name">{LEGEND[mark].label}</strong>
                <p>{LEGEND[mark].meaning}</p>
              </div>
              <button
                type="button"
                aria-label={`Show ${LEGEND[mark].label}`}
                onClick={() => void goToFirst(mark)}
              >
                Show
              </button>
            </li>
          ))}
        </ul>
      )}
    </InspectorSection>
  );
}

/** What it means that nothing is marked. */
function nothingMarked({ chain }: OpenedChain): string {
  if (!chain.complete) return 'Among the layers that are open, none overrides, shortens or hides another.';
  if (chain.layers.length === 1) return 'A single image: there are no layers below.';
  return 'No layer overrides, shortens or hides another.';
}
