/** The trees of a store as rows, in the order in which they are read. */
import type { Store, StoreLink } from './store.ts';

/** One row. */
export type StoreRow =
  /** An image; `lines` draws its place in the tree before its name. */
  | {
      readonly kind: 'image';
      readonly image: number;
      readonly lines: string;
      /** The image was listed above: its links lead back to themselves. */
      readonly isRepeated: boolean;
    }
  /** A backing file that is not in the store; what rests on it follows. */
  | { readonly kind: 'elsewhere'; readonly name: string; readonly status: StoreLink['status'] }
  /** The images of a loop follow. */
  | { readonly kind: 'loop' };

/** Characters by which deep levels are indented; the rows of deeper ones stand below each other. */
const MAX_INDENT = 60;

/** An image to list, what stands before it for the levels above, and the end of its branch. */
interface Branch {
  readonly image: number;
  readonly before: string;
  readonly branch: '' | '├─ ' | '└─ ';
}

/** A tree for each base, then for each backing file that is not in the store, then the loops. Every image once. */
export function* storeRows({ images }: Pick<Store, 'images'>): Generator<StoreRow> {
  const listed = new Uint8Array(images.length);
  const elsewhere = new Map<string, { readonly status: StoreLink['status']; readonly children: number[] }>();
  for (const [image, { backing }] of images.entries()) {
    if (backing === undefined || backing.image >= 0) continue;
    const name = backing.resolved || backing.recorded;
    const known = elsewhere.get(name);
    if (known === undefined) elsewhere.set(name, { status: backing.status, children: [image] });
    else known.children.push(image);
  }
  for (const [image, { backing }] of images.entries())
    if (backing === undefined) yield* tree(images, [{ image, before: '', branch: '' }], listed);
  for (const [name, { status, children }] of elsewhere) {
    yield { kind: 'elsewhere', name, status };
    yield* tree(images, branches(children, ''), listed);
  }
  for (const image of images.keys())
    if (listed[image] === 0) {
      yield { kind: 'loop' };
      yield* tree(images, branches([image], ''), listed);
    }
}

/** Images and all that rests on them, from a stack. */
function* tree(images: Store['images'], waiting: Branch[], listed: Uint8Array): Generator<StoreRow> {
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { image, before, branch } = next;
    const isRepeated = listed[image] === 1;
    yield { kind: 'image', image, lines: `${before}${branch}`, isRepeated };
    if (isRepeated) continue;
    listed[image] = 1;
    const deeper = before.length >= MAX_INDENT ? '' : branch === '├─ ' ? '│  ' : branch === '' ? '' : '   ';
    for (const child of branches(images[image]?.children ?? [], `${before}${deeper}`)) waiting.push(child);
  }
}

/** The children of one image as a stack, the first on top. */
function branches(children: readonly number[], before: string): Branch[] {
  const last = children.length - 1;
  return children
    .map((image, i): Branch => ({ image, before, branch: i === last ? '└─ ' : '├─ ' }))
    .reverse();
}
