import { type ExtentState, STATES } from '../../../shared/extent/flags.ts';
import { isContent } from '../../../shared/extent/parts.ts';
import { LEGEND, legendOf, MARK_KEYS, type MarkKey } from '../../../shared/legend.ts';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import type { PlaceFilter } from '../../../shared/model/place.ts';
import { formatSize } from '../../../shared/text/offset.ts';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';
import { setState, useStore } from '../../state/store.ts';
import { usePresentKeys } from '../../ui/hooks/use-present-keys.ts';
import { StateSwatch } from '../../ui/state-swatch.tsx';

/** Lengths that are offered as the least one, in bytes. */
const LENGTHS = [2 ** 16, 2 ** 20, 2 ** 24, 2 ** 30] as const;

const SHOWN_STATES = STATES.filter(state => isContent(state) || state === 'unreadable');

/** Chooses which places are listed: by kind, layer, state, bitmap and length. */
export function PlaceFilters({ chain }: { readonly chain: OpenedChain }) {
  const filter = useStore(state => state.placeFilter);
  const present = usePresentKeys();
  const legend = legendOf(chain);
  const bitmaps = chain.chain.layers.flatMap(
    ({ index, qcow2 }) => qcow2?.bitmaps.map(({ name }) => ({ layer: index, name })) ?? [],
  );
  const layers = chain.tracks.filter(({ kind }) => kind !== 'guest');
  const kinds = filter.kinds ?? [];
  const toggle = (kind: MarkKey) => {
    const chosen = kinds.includes(kind) ? kinds.filter(other => other !== kind) : [...kinds, kind];
    change({ kinds: chosen.length === 0 ? undefined : chosen });
  };
  return (
    <>
      <fieldset className="kinds" aria-label="Kinds">
        {MARK_KEYS.filter(mark => present.includes(mark) || kinds.includes(mark)).map(mark => (
          <button
            key={mark}
            type="button"
            aria-pressed={kinds.includes(mark)}
            title={LEGEND[mark].meaning}
            onClick={() => toggle(mark)}
          >
            <StateSwatch of={mark} />
            {LEGEND[mark].label}
          </button>
        ))}
      </fieldset>
      {layers.length > 1 && (
        <Choice
          label="Layer"
          all="every layer"
          value={filter.tracks?.[0]}
          options={layers.map(({ id, title }) => [id, escapeUntrusted(title, 40)])}
          onChange={track => change({ tracks: track === undefined ? undefined : [track] })}
        />
      )}
      <Choice
        label="State"
        all="every state"
        value={filter.states?.[0] === undefined ? undefined : STATES.indexOf(filter.states[0])}
        options={SHOWN_STATES.map(state => [STATES.indexOf(state), legend[state].label])}
        onChange={state =>
          change({ states: state === undefined ? undefined : [STATES[state] as ExtentState] })
        }
      />
      {bitmaps.length > 0 && (
        <Choice
          label="Bitmap"
          all="every bitmap"
          value={indexOfBitmap(bitmaps, filter.bitmap)}
          options={bitmaps.map(({ name }, i) => [i, escapeUntrusted(name, 40)])}
          onChange={i => change({ bitmap: i === undefined ? undefined : bitmaps[i] })}
        />
      )}
      <Choice
        label="Length"
        all="any length"
        value={filter.minLength}
        options={LENGTHS.map(bytes => [bytes, `at least ${formatSize(bytes)}`])}
        onChange={minLength => change({ minLength })}
      />
    </>
  );
}

type Change = { readonly [K in keyof PlaceFilter]?: PlaceFilter[K] | undefined };

/** Changes the filter of the window. What is undefined is no longer filtered by. */
function change(fields: Change): void {
  setState(({ placeFilter }) => {
    const merged = Object.entries({ ...placeFilter, ...fields }).filter(([, value]) => value !== undefined);
    return { placeFilter: Object.fromEntries(merged) as PlaceFilter };
  });
}

type Bitmap = NonNullable<PlaceFilter['bitmap']>;

function indexOfBitmap(bitmaps: readonly Bitmap[], chosen: Bitmap | undefined): number | undefined {
  const index = bitmaps.findIndex(({ layer, name }) => layer === chosen?.layer && name === chosen.name);
  return index < 0 ? undefined : index;
}

interface ChoiceProps {
  readonly label: string;
  /** The name of no choice. */
  readonly all: string;
  readonly value: number | undefined;
  readonly options: readonly (readonly [value: number, label: string])[];
  readonly onChange: (value: number | undefined) => void;
}

function Choice({ label, all, value, options, onChange }: ChoiceProps) {
  return (
    <select
      aria-label={label}
      value={value ?? ''}
      onChange={({ target }) => onChange(target.value === '' ? undefined : Number(target.value))}
    >
      <option value="">{all}</option>
      {options.map(([option, text]) => (
        <option key={option} value={option}>
          {text}
        </option>
      ))}
    </select>
  );
}
