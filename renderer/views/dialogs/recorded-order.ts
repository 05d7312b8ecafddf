/** The order of files that are opened together, compared with the links that they record. */
import type { ArrangedFiles, StoreImageInfo } from '../../../shared/model/store/store-page.ts';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';

/** What is known of dropped files once their headers have been read. */
export class RecordedOrder {
  readonly #files: readonly string[];
  readonly #arranged: ArrangedFiles;

  constructor(files: readonly string[], arranged: ArrangedFiles) {
    this.#files = files;
    this.#arranged = arranged;
  }

  /** The header of a file; undefined where it is no image. */
  imageOf(file: string): StoreImageInfo | undefined {
    return this.#arranged.images[this.#indexOf(file)];
  }

  /** Chains of at least two of the files, base first, the longest one first. */
  get chains(): readonly (readonly string[])[] {
    return this.#arranged.chains
      .map(chain => chain.flatMap(index => this.#fileOf(index) ?? []))
      .filter(chain => chain.length > 1)
      .sort((a, b) => b.length - a.length);
  }

  /** Files that rest on each other in a loop. */
  get loops(): readonly (readonly string[])[] {
    return this.#arranged.loops.map(loop => loop.flatMap(index => this.#fileOf(index) ?? []));
  }

  /** True where every file of the order but the lowest records the one below it. */
  isFollowedBy(order: readonly string[]): boolean {
    return order.every((file, at) => at === 0 || this.backingOf(file) === order[at - 1]);
  }

  /** The one of the files that a file records as its backing file. */
  backingOf(file: string): string | undefined {
    return this.#fileOf(this.imageOf(file)?.backing?.image ?? -1);
  }

  #indexOf(file: string): number {
    return this.#arranged.indexes[this.#files.indexOf(file)] ?? -1;
  }

  #fileOf(index: number): string | undefined {
    return index < 0 ? undefined : this.#files[this.#arranged.indexes.indexOf(index)];
  }
}

/** What a file records, beside the one that lies below it in the order; `below` is undefined for the lowest. */
export function linkSentence(
  recorded: RecordedOrder,
  file: string,
  below: string | undefined,
): { readonly text: string; readonly isContradiction: boolean } {
  const image = recorded.imageOf(file);
  if (image?.error !== undefined)
    return { text: `cannot be read: ${image.error.what}`, isContradiction: true };
  const { backing } = image ?? {};
  if (backing === undefined)
    return below === undefined
      ? { text: 'no backing file recorded', isContradiction: false }
      : { text: 'records no backing file', isContradiction: true };
  const known = recorded.backingOf(file);
  const name = (known ?? (backing.resolved || backing.recorded)).replace(/^.*\//, '');
  if (known === undefined)
    return {
      text: `records ${name}: ${backing.status === 'missing' ? 'missing' : 'not among these files'}`,
      isContradiction: below !== undefined,
    };
  return known === below
    ? { text: `backing file found: ${name}`, isContradiction: false }
    : {
        text: `records ${name}${below === undefined ? ', which is not below it' : ', not the file below it'}`,
        isContradiction: true,
      };
}

/** The name of the file at a path, safe to show. */
export function nameOf(path: string): string {
  return escapeUntrusted(path.replace(/^.*[/\\]/, ''));
}
