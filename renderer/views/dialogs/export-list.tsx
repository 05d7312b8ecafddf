import type { NbdExportInfo } from '../../../shared/model/nbd-export.ts';
import { asSentence } from '../../../shared/text/finding-text.ts';
import { Size, Untrusted } from '../../ui/text.tsx';

interface ExportListProps {
  readonly exports: readonly NbdExportInfo[];
  readonly onChoose: (name: string) => void;
}

/** The exports that a server offers. */
export function ExportList({ exports, onChoose }: ExportListProps) {
  if (exports.length === 0) return <p role="status">The server offers no export.</p>;
  return (
    <section aria-label="Exports">
      <ul className="export-list">
        {exports.map(entry => (
          <li key={entry.name}>
            <button type="button" onClick={() => onChoose(entry.name)}>
              <strong>{entry.name === '' ? 'default export' : <Untrusted text={entry.name} />}</strong>
              {entry.description !== '' && <Untrusted text={entry.description} />}
              <small>
                {entry.size < 0 ? 'size unknown' : <Size bytes={entry.size} />}
                {entry.contexts.length > 0 && ' · '}
                <Untrusted text={entry.contexts.join(', ')} />
              </small>
              {entry.error !== undefined && (
                <small className="lane-error">
                  <Untrusted text={asSentence(entry.error.what)} />
                </small>
              )}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
