/** Recognizes what lies in place of an L2 table: a table is called overwritten only where its content is unmistakable. */

/** Bytes of a table in memory. */
export interface TableBytes {
  readonly view: DataView;
  readonly at: number;
  readonly length: number;
}

/** Share of bytes or numbers that must look alike. */
const PLAIN_SHARE = 0.9;
/** Refcounts of the usual width and size: above that a 16-bit number tells nothing. */
const MAX_USUAL_REFCOUNT = 16;

/** What the bytes are, to be read after "it holds"; undefined where they may be anything. */
export function recognizeContent(bytes: TableBytes): string | undefined {
  if (looksLikeRefcounts(bytes)) return 'refcounts';
  if (looksLikeText(bytes)) return 'text';
  return undefined;
}

/** Numbers of 16 bits, nearly all of them small and most of them not 0. An L2 entry never has such upper halves. */
function looksLikeRefcounts({ view, at, length }: TableBytes): boolean {
  const count = length >>> 1;
  let small = 0;
  let used = 0;
  for (let i = 0; i < count; i++) {
    const value = view.getUint16(at + 2 * i);
    if (value > MAX_USUAL_REFCOUNT) continue;
    small++;
    if (value !== 0) used++;
  }
  return small >= count * PLAIN_SHARE && used >= count / 2;
}

/** Printable ASCII and line ends, and almost no zeros. */
function looksLikeText({ view, at, length }: TableBytes): boolean {
  let printable = 0;
  for (let i = 0; i < length; i++) {
    const byte = view.getUint8(at + i);
    if ((byte >= 0x20 && byte < 0x7f) || (byte >= 9 && byte <= 13)) printable++;
  }
  return length > 0 && printable >= length * PLAIN_SHARE;
}
