/** The picture of a target's disk: exact ranges, or columns where those are too many. */
import { addExtent, type Columns, createColumns, toTile } from '../../shared/extent/columns.ts';
import { ABSENT_EVERYWHERE, LOCAL, OUT_OF_RANGE } from '../../shared/extent/flags.ts';
import { MAX_PICTURE_EXTENTS, PLAN_TRACKS, type PlanPicture } from '../../shared/model/plan/plan-picture.ts';
import { TILE_COLUMNS, tileBytes } from '../../shared/model/tile.ts';
import type { TrackExtents } from '../../shared/model/track.ts';
import { FLAGS_OF_KIND } from '../qcow2/format/entry.ts';
import { isAbsent } from './layers/block-status.ts';
import type { RangeSink } from './target/target-model.ts';

/** Columns of a picture at most. */
const MAX_COLUMNS = 4096;

/** Collects the ranges of a target, which come in ascending order and without gaps. */
export class PlanPictureBuilder {
  readonly #sizeBefore: number;
  readonly #size: number;
  readonly #level: number;
  readonly #tracks: readonly TrackBuilder[];

  /** The virtual sizes of the target before and after. What lies behind `before` was no part of the disk. */
  constructor({ before, after }: { readonly before: number; readonly after: number }) {
    this.#sizeBefore = before;
    this.#size = after;
    this.#level = Math.max(0, Math.ceil(Math.log2(after / MAX_COLUMNS)));
    this.#tracks = PLAN_TRACKS.map((_, track) => new TrackBuilder(track, this.#level));
  }

  /** Adds a range. */
  readonly add: RangeSink = (start, end, before, after, written) => {
    const oldEnd = Math.min(Math.max(start, this.#sizeBefore), end);
    const wordAfter = FLAGS_OF_KIND[after] as number;
    const wordOf = (isWritten: boolean) => (isWritten ? LOCAL : ABSENT_EVERYWHERE);
    if (start < oldEnd)
      this.#push(start, oldEnd, [FLAGS_OF_KIND[before] as number, wordAfter, wordOf(written)]);
    // Zeros that are stored when the target grows are written, too, though no request of the job asks for them.
    if (oldEnd < end) this.#push(oldEnd, end, [OUT_OF_RANGE, wordAfter, wordOf(written || !isAbsent(after))]);
  };

  /** The picture of what was added. */
  finish(): PlanPicture {
    const tracks = this.#tracks.map(track => track.finish());
    const size = this.#size;
    const extents = tracks.flatMap(({ exact }) => exact ?? []);
    if (extents.length === tracks.length) return { kind: 'exact', size, extents };
    const count = Math.ceil(size / tileBytes(this.#level));
    const tiles = Array.from({ length: count }, (_, tile) =>
      tracks.map(({ tiles: columns }, track) => toTile(columns[tile] as Columns, track, tile)),
    );
    return { kind: 'columns', size, level: this.#level, tiles };
  }

  #push(start: number, end: number, words: readonly number[]): void {
    this.#tracks.forEach((track, i) => {
      track.add(start, end, words[i] as number);
    });
  }
}

/** What a track came to: `exact` is absent where it has too many extents. */
interface BuiltTrack {
  readonly exact?: TrackExtents;
  readonly tiles: readonly Columns[];
}

/** One track, neighbors of the same word together. */
class TrackBuilder {
  readonly #track: number;
  readonly #level: number;
  readonly #starts: number[] = [];
  readonly #words: number[] = [];
  readonly #tiles: Columns[] = [];
  #start = 0;
  #end = 0;
  #word = -1;

  constructor(track: number, level: number) {
    this.#track = track;
    this.#level = level;
  }

  add(start: number, end: number, word: number): void {
    if (word !== this.#word) {
      this.#flush();
      this.#start = start;
      this.#word = word;
    }
    this.#end = end;
  }

  finish(): BuiltTrack {
    this.#flush();
    if (this.#starts.length > MAX_PICTURE_EXTENTS) return { tiles: this.#tiles };
    const exact: TrackExtents = {
      track: this.#track,
      starts: Float64Array.from(this.#starts),
      words: Uint32Array.from(this.#words),
      owners: new Int16Array(0),
    };
    return { exact, tiles: this.#tiles };
  }

  /** Writes the extent under way. */
  #flush(): void {
    if (this.#end <= this.#start) return;
    if (this.#starts.length <= MAX_PICTURE_EXTENTS) {
      this.#starts.push(this.#start);
      this.#words.push(this.#word);
    }
    const bytes = tileBytes(this.#level);
    for (let at = this.#start; at < this.#end; ) {
      const tile = Math.floor(at / bytes);
      const stop = Math.min(this.#end, (tile + 1) * bytes);
      this.#tiles[tile] ??= createColumns(TILE_COLUMNS, 2 ** this.#level, false);
      addExtent(this.#tiles[tile] as Columns, tile * bytes, at, stop, this.#word);
      at = stop;
    }
    this.#start = this.#end;
  }
}
