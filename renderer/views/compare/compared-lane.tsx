import { Untrusted } from '../../ui/text.tsx';
import { ComparedCanvas } from './compared-canvas.tsx';

interface ComparedLaneProps {
  readonly track: number;
  /** The letter of a disk; the track of differences has none. */
  readonly side?: string;
  readonly title: string;
  readonly facts: string;
}

/** One track of a comparison: its header and its picture. */
export function ComparedLane({ track, side, title, facts }: ComparedLaneProps) {
  const name = side === undefined ? title : `${side}: ${title}`;
  return (
    <section className="lane-row" aria-label={name} data-track={track}>
      <header className="lane-header">
        <div className="lane-names">
          <h2>
            {side !== undefined && <span className="number">{side}</span>}
            <Untrusted text={title} max={60} />
          </h2>
          <p className="lane-facts">{facts}</p>
        </div>
      </header>
      <ComparedCanvas track={track} name={name} />
    </section>
  );
}
