/** How far long work is: one line on a terminal's standard error, from two seconds on, gone when it is done. */
import { formatSize } from '../../shared/text/offset.ts';
import type { LayerWalk, ReadProgress } from '../service/progress/read-watch.ts';
import { clearProgress, showProgress } from './output.ts';

/** Work that takes less long shows nothing. */
const FIRST_MS = 2000;
const INTERVAL_MS = 250;

/** A line that is written over. */
export class ProgressLine {
  readonly #started = performance.now();
  #last = 0;

  /** Shows what `text` makes of the seconds since the start, unless the last line is too young. */
  show(text: (seconds: number) => string): void {
    const now = performance.now();
    if (now - this.#started < FIRST_MS || now - this.#last < INTERVAL_MS) return;
    this.#last = now;
    showProgress(text((now - this.#started) / 1000));
  }

  /** Shows what was read of a chain, and how much a second. */
  readonly showReads = ({ layer, layers, bytes }: ReadProgress): void => {
    this.show(seconds => {
      return `reading${whichOf({ layer, layers })}: ${formatSize(bytes)}, ${formatSize(Math.round(bytes / seconds))}/s`;
    });
  };

  /** Shows how much of the guest's disk was walked over. */
  readonly showWalk = (offset: number, size: number): void => {
    this.show(() => `reading: ${walked(offset, size)}`);
  };

  /** Shows how much of a layer's disk was walked over. */
  readonly showLayerWalk = ({ offset, size, ...which }: LayerWalk): void => {
    this.show(() => `reading${whichOf(which)}: ${walked(offset, size)}`);
  };

  /** Takes the line away. */
  clear(): void {
    clearProgress();
  }
}

/** Which layer of how many, where there are several. */
function whichOf({ layer, layers }: Pick<ReadProgress, 'layer' | 'layers'>): string {
  return layers === 1 ? '' : ` layer ${layer} of ${layers}`;
}

function walked(offset: number, size: number): string {
  return `${((offset / size) * 100).toFixed(1)} % of the disk, up to ${formatSize(offset)}`;
}
