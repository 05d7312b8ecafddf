/** What is loaded of each axis. It is not in the store: what is drawn from it follows its revision. */
import type { AxisId } from '../../axis/axis-id.ts';
import type { Viewport } from '../../axis/viewport.ts';
import { requestDraw } from '../../canvas/frame.ts';
import type { LoaderOf, SourceOf } from '../../data/axis-content.ts';
import { AxisLoader } from '../../data/loader.ts';
import { getAxis, setAxis, setState } from '../store.ts';
import { openedAxis } from './axis-state.ts';

/** Owns the loader of one axis. */
export class AxisData<A extends AxisId> {
  #loader: LoaderOf<A> | undefined;
  #revision = 0;

  /** Loads from a source from now on. What was loaded before is dropped. */
  open(source: SourceOf<A>): void {
    this.close();
    this.#loader = new AxisLoader({
      source,
      onData: () => {
        this.#revision++;
        requestDraw();
      },
      onError: error => setState({ error }),
    });
  }

  /** Drops everything that was loaded. */
  close(): void {
    this.#loader?.dispose();
    this.#loader = undefined;
    this.#revision++;
  }

  /** The loader, undefined while the axis has no content. */
  get loader(): LoaderOf<A> | undefined {
    return this.#loader;
  }

  /** Grows whenever what is loaded changes. What was painted at the same revision need not be painted again. */
  get revision(): number {
    return this.#revision;
  }

  /** Grows whenever what is known of the whole axis changes. */
  get overviewRevision(): number {
    return this.#loader?.overviewRevision() ?? 0;
  }

  /** True while something on screen is on its way. */
  get isBusy(): boolean {
    return this.#loader?.isBusy() === true;
  }
}

const DATA: { readonly [A in AxisId]: AxisData<A> } = {
  guest: new AxisData<'guest'>(),
  host: new AxisData<'host'>(),
  plan: new AxisData<'plan'>(),
  compare: new AxisData<'compare'>(),
};

/** What is loaded of an axis. */
export function dataOf<A extends AxisId>(axis: A): AxisData<A> {
  return DATA[axis];
}

/** Gives an axis the content of a source, and shows `viewport` or the whole axis. */
export function openAxis<A extends AxisId>(axis: A, source: SourceOf<A>, viewport?: Viewport): void {
  dataOf(axis).open(source);
  setAxis(axis, openedAxis(getAxis(axis), source.size, viewport));
}
