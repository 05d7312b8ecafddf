/**
 * Btrfs on one device: copies of the super block, each with its place, and tree blocks, which say their logical address. The
 * chunk tree leads from that to places. Source: Btrfs documentation, "On-disk Format".
 */
import { dataViewOf, uint64At } from '../../../shared/bytes.ts';
import { hasText, hexDigits } from '../little-endian.ts';
import {
  isPowerWithin,
  type Landmark,
  lazily,
  type NumberedFileSystem,
  type ReadVolume,
} from './landmark.ts';

const SUPER_AT = 0x10000;
const SUPER_BYTES = 4096;
const MAGIC = '_BHRfS_M';
const MAGIC_AT = 0x40;
/** Where the copies lie. */
const COPIES_AT = [0x400_0000, 0x40_0000_0000] as const;
const INCOMPAT_METADATA_UUID = 0x400n;
const CHUNK_ITEM = 228;
const KEY_BYTES = 17;
const HEADER_BYTES = 101;
const ITEM_BYTES = 25;
const POINTER_BYTES = 33;
const SYSTEM_CHUNKS_AT = 0x32b;
const SYSTEM_CHUNKS_BYTES = 2048;
/** Bits of the chunks that hold tree blocks: those of the system and of metadata. */
const HOLDS_TREES = 0x6n;
/** Bits of the profiles that spread a chunk over devices: RAID0, RAID1, RAID10, RAID5, RAID6, RAID1C3 and RAID1C4. */
const SEVERAL_DEVICES = 0x7d8n;
/** Blocks of the chunk tree that are read: those of a hundred TiB. */
const MAX_TREE_BLOCKS = 1024;

interface Super {
  readonly fsid: string;
  /** The UUID that tree blocks have. */
  readonly uuid: string;
  /** Its first byte, by which most other bytes are passed over. */
  readonly firstOfUuid: number;
  readonly size: number;
  readonly chunkRoot: number;
  readonly nodeBytes: number;
  readonly sectorBytes: number;
}

/** Addresses [start, start + length), and where each copy of them begins on the device. */
interface Chunk {
  readonly start: number;
  readonly length: number;
  readonly copies: readonly number[];
}

/** Chunks that hold tree blocks, by their addresses. */
class ChunkMap {
  readonly #chunks: readonly Chunk[];

  /** Of chunks with the same address the first one counts. */
  constructor(chunks: readonly Chunk[]) {
    const byStart = new Map(chunks.toReversed().map(chunk => [chunk.start, chunk]));
    this.#chunks = [...byStart.values()].sort((a, b) => a.start - b.start);
  }

  /** Where each copy of the byte at an address lies on the device. */
  placesOf(address: number): number[] {
    let [low, high] = [0, this.#chunks.length];
    while (low < high) {
      const mid = (low + high) >>> 1;
      if ((this.#chunks[mid] as Chunk).start > address) high = mid;
      else low = mid + 1;
    }
    const chunk = this.#chunks[low - 1];
    if (chunk === undefined || address >= chunk.start + chunk.length) return [];
    return chunk.copies.map(copy => copy + address - chunk.start);
  }
}

/** Opens the file system by its first super block; undefined for one on several devices. */
export function openBtrfs(read: ReadVolume): NumberedFileSystem | undefined {
  const bytes = read(SUPER_AT, SUPER_BYTES);
  const found = bytes === undefined ? undefined : parseSuper(bytes);
  if (bytes === undefined || found === undefined) return undefined;
  const chunks = lazily(() => readChunks(found, bytes, read));
  return {
    type: 'btrfs',
    size: found.size,
    landmarks: () => superCopies(found),
    placesOf: (piece, view, at) => placesOf(found, chunks(), piece, view, at),
  };
}

function parseSuper(bytes: Uint8Array): Super | undefined {
  if (!hasText(bytes, MAGIC_AT, MAGIC)) return undefined;
  const view = dataViewOf(bytes);
  const hasMetadataUuid = (view.getBigUint64(0xbc, true) & INCOMPAT_METADATA_UUID) !== 0n;
  const uuid = hasMetadataUuid ? bytes.subarray(0x23b, 0x24b) : bytes.subarray(0x20, 0x30);
  const found: Super = {
    fsid: hexDigits(bytes.subarray(0x20, 0x30)),
    uuid: hexDigits(uuid),
    firstOfUuid: uuid[0] ?? 0,
    size: uint64At(view, 0x70, true),
    chunkRoot: uint64At(view, 0x58, true),
    nodeBytes: view.getUint32(0x94, true),
    sectorBytes: view.getUint32(0x90, true),
  };
  const isSane =
    view.getBigUint64(0x88, true) === 1n &&
    isPowerWithin(found.nodeBytes, 4096, 65_536) &&
    isPowerWithin(found.sectorBytes, 4096, 65_536);
  return isSane ? found : undefined;
}

function superCopies({ fsid, size }: Super): Landmark[] {
  return COPIES_AT.filter(at => at + SUPER_BYTES <= size).map(at => ({
    at,
    length: SUPER_BYTES,
    identify: identifySuper,
    identity: superIdentity(fsid, at),
    isPermanent: true,
  }));
}

function identifySuper(bytes: Uint8Array): string | undefined {
  const found = parseSuper(bytes);
  return found === undefined ? undefined : superIdentity(found.fsid, uint64At(dataViewOf(bytes), 0x30, true));
}

function superIdentity(fsid: string, at: number): string {
  return `super block ${fsid} ${at}`;
}

/** The chunks of the system, which the super block names, and those of the chunk tree, which lies in them. */
function readChunks(file: Super, bytes: Uint8Array, read: ReadVolume): ChunkMap {
  const chunks = systemChunks(dataViewOf(bytes));
  const system = new ChunkMap(chunks);
  const open = [file.chunkRoot];
  const seen = new Set<number>();
  for (let address = open.pop(); address !== undefined; address = open.pop()) {
    if (seen.has(address)) continue;
    if (seen.add(address).size > MAX_TREE_BLOCKS) break;
    const block = readTreeBlock(file, system, address, read);
    if (block !== undefined) visit(block, open, chunks);
  }
  return new ChunkMap(chunks);
}

function systemChunks(view: DataView): Chunk[] {
  const chunks: Chunk[] = [];
  const end = SYSTEM_CHUNKS_AT + Math.min(view.getUint32(0xa0, true), SYSTEM_CHUNKS_BYTES);
  for (let at = SYSTEM_CHUNKS_AT; at + KEY_BYTES + 80 <= end; ) {
    const chunk = parseChunk(view, uint64At(view, at + 9, true), at + KEY_BYTES);
    if (chunk !== undefined) chunks.push(chunk);
    at += KEY_BYTES + 48 + 32 * view.getUint16(at + KEY_BYTES + 44, true);
  }
  return chunks;
}

/** The first copy of a tree block that can be read. */
function readTreeBlock(
  file: Super,
  chunks: ChunkMap,
  address: number,
  read: ReadVolume,
): DataView | undefined {
  for (const place of chunks.placesOf(address)) {
    const bytes = read(place, file.nodeBytes);
    if (bytes === undefined) continue;
    const view = dataViewOf(bytes);
    if (hexDigits(bytes.subarray(32, 48)) === file.uuid && uint64At(view, 48, true) === address) return view;
  }
  return undefined;
}

/** Adds the chunks of a leaf, or the blocks below a node. */
function visit(block: DataView, open: number[], chunks: Chunk[]): void {
  const count = block.getUint32(96, true);
  const isLeaf = block.getUint8(100) === 0;
  const bytes = isLeaf ? ITEM_BYTES : POINTER_BYTES;
  for (let i = 0; i < count && HEADER_BYTES + (i + 1) * bytes <= block.byteLength; i++) {
    const at = HEADER_BYTES + i * bytes;
    if (!isLeaf) open.push(uint64At(block, at + KEY_BYTES, true));
    else if (block.getUint8(at + 8) === CHUNK_ITEM) {
      const item = HEADER_BYTES + block.getUint32(at + KEY_BYTES, true);
      const chunk = parseChunk(block, uint64At(block, at + 9, true), item);
      if (chunk !== undefined) chunks.push(chunk);
    }
  }
}

/** A chunk of tree blocks on one device whose copies hold all of it. */
function parseChunk(view: DataView, start: number, at: number): Chunk | undefined {
  if (at + 80 > view.byteLength) return undefined;
  const stripes = view.getUint16(at + 44, true);
  const type = view.getBigUint64(at + 24, true);
  const isFit = (type & HOLDS_TREES) !== 0n && (type & SEVERAL_DEVICES) === 0n;
  if (!isFit || stripes === 0 || stripes > 2 || at + 48 + 32 * stripes > view.byteLength) return undefined;
  const copies = Array.from({ length: stripes }, (_, i) => uint64At(view, at + 48 + 32 * i + 8, true));
  return { start, length: uint64At(view, at, true), copies };
}

function placesOf(
  file: Super,
  chunks: ChunkMap,
  bytes: Uint8Array,
  view: DataView,
  at: number,
): readonly number[] {
  if (at + HEADER_BYTES > bytes.length || bytes[at + 32] !== file.firstOfUuid) return [];
  if (hexDigits(bytes.subarray(at + 32, at + 48)) !== file.uuid) return [];
  // A super block has the UUID and its own place where tree blocks have the UUID and their address.
  if (hasText(bytes, at + MAGIC_AT, MAGIC)) return [];
  const address = uint64At(view, at + 48, true);
  const isBlock = view.getUint8(at + 100) < 8 && address % file.sectorBytes === 0;
  return isBlock ? chunks.placesOf(address) : [];
}
