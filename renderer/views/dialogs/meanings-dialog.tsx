import { useEffect, useState } from 'react';
import { LEGEND, type LegendKey, MARK_KEYS } from '../../../shared/legend.ts';
import { DialogFrame } from '../../ui/dialog.tsx';
import { StateSwatch } from '../../ui/state-swatch.tsx';
import { type GlossaryRow, loadGlossary } from './glossary.ts';

/** States, then marks, as they lie in a track. */
const KEYS: readonly LegendKey[] = [
  ...(Object.keys(LEGEND) as LegendKey[]).filter(key => !MARK_KEYS.some(mark => mark === key)),
  ...MARK_KEYS,
];

/** What the colors of states and marks mean, and the words that are used here. */
export function MeaningsDialog() {
  const [words, setWords] = useState<readonly GlossaryRow[]>([]);
  useEffect(() => void loadGlossary().then(setWords), []);
  return (
    <DialogFrame title="What the colors and words mean" className="meanings">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard too */}
      <section className="meanings-scroll" aria-label="Colors and words" tabIndex={0}>
        <h3>Colors</h3>
        <dl className="meanings-colors">
          {KEYS.map(key => (
            <div key={key}>
              <dt>
                <StateSwatch of={key} lettered /> {LEGEND[key].label}
              </dt>
              <dd>{LEGEND[key].meaning}</dd>
            </div>
          ))}
        </dl>
        <h3>Words</h3>
        <dl>
          {words.map(({ word, meaning }) => (
            <div key={word}>
              <dt>{word}</dt>
              <dd>{meaning.replaceAll('`', '')}</dd>
            </div>
          ))}
        </dl>
      </section>
    </DialogFrame>
  );
}
