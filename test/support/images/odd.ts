/**
 * Images and chains for the rules that `damaged/` has no image for: headers, extensions and data files that are wrong or
 * odd, and links between images that hold a danger.
 */
import { mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { openQcow2 } from '../../../electron/qcow2/read/image.ts';
import { newFile } from '../qcow2-reading.ts';
import { type DamagedImage, damaged, over, setL2, small } from './damaged/parts.ts';
import { pokeU32, pokeU64 } from './qcow2-builder.ts';

const K64 = 65_536;
const COPIED = 1n << 63n;
const FEATURE_NAMES = 0x6803f857;
const BACKING_FORMAT = 0xe2792aca;
const BITMAPS = 0x23852875;

const NO_DATA = new Uint8Array();
const DATA_AT_1 = [{ index: 1, kind: 'data' as const }];

/** A new file of so many bytes. */
function rawFile(bytes: number): string {
  const path = newFile();
  writeFileSync(path, new Uint8Array(bytes));
  return path;
}

/** Headers and extensions. */
const HEADERS: readonly DamagedImage[] = [
  damaged(
    'backing name',
    'the name of the backing file lies outside the first cluster',
    ['QCOW2_BACKING_NAME'],
    image => pokeU64(image.source.fd, 8, BigInt(K64 + 1)),
  ),
  damaged('encryption method', 'the encryption method is unknown', ['QCOW2_CRYPT_METHOD'], image =>
    pokeU32(image.source.fd, 32, 3),
  ),
  damaged(
    'size of 2^53',
    'the disk is larger than 8 PiB',
    ['QCOW2_L1_TOO_SMALL < QCOW2_TOO_LARGE', 'QCOW2_L1_USED < QCOW2_TOO_LARGE', 'QCOW2_TOO_LARGE'],
    image => pokeU64(image.source.fd, 24, 2n ** 53n),
  ),
  damaged('refcount order', 'refcounts are of 128 bits', ['QCOW2_REFCOUNT_ORDER'], image =>
    pokeU32(image.source.fd, 96, 7),
  ),
  damaged('header length', 'the header is too short', ['QCOW2_HEADER_LENGTH'], image =>
    pokeU32(image.source.fd, 100, 96),
  ),
  damaged(
    'data file name',
    'the header claims an external data file and does not name it',
    [
      'QCOW2_DATA_FILE_NAME',
      'QCOW2_DATA_FILE_OFFSET < QCOW2_DATA_FILE_NAME',
      'QCOW2_LEAKED < QCOW2_DATA_FILE_NAME',
    ],
    image => pokeU64(image.source.fd, 72, 4n),
  ),
  damaged('data file raw', 'a data file that is not there is raw', ['QCOW2_DATA_FILE_RAW'], image =>
    pokeU64(image.source.fd, 88, 2n),
  ),
  damaged('format name', 'the name of the backing format is too long', ['QCOW2_BACKING_FORMAT'], () => {}, {
    extensions: [{ type: BACKING_FORMAT, data: new Uint8Array(16).fill(0x61) }],
  }),
  damaged('bitmaps extension', 'the bitmaps extension is too short', ['QCOW2_BITMAPS_EXTENSION'], () => {}, {
    extensions: [{ type: BITMAPS, data: new Uint8Array(16) }],
    autoclear: 1n,
  }),
  damaged(
    'extension too large',
    'an extension runs past the end of the extensions',
    ['QCOW2_EXTENSION_TOO_LARGE'],
    image => pokeU32(image.source.fd, 116, 2 * K64),
    { extensions: [{ type: FEATURE_NAMES, data: new Uint8Array(48) }] },
  ),
  damaged(
    'extension repeated',
    'an extension occurs twice',
    ['QCOW2_EXTENSION_REPEATED'],
    () => {},
    { extensions: Array.from({ length: 2 }, () => ({ type: FEATURE_NAMES, data: NO_DATA })) },
    'clean',
  ),
  damaged(
    'extension count',
    'there are more extensions than are listed',
    ['QCOW2_EXTENSION_COUNT', 'QCOW2_EXTENSION_UNKNOWN'],
    () => {},
    { extensions: Array.from({ length: 1025 }, (_, type) => ({ type: type + 1, data: NO_DATA })) },
    'clean',
  ),
];

/** Lists that are longer than they can be. */
const LISTS: readonly DamagedImage[] = [
  damaged(
    'C-25 count',
    'the header counts more snapshots than there can be',
    ['QCOW2_LEAKED < QCOW2_SNAPSHOT_TABLE', 'QCOW2_SNAPSHOT_TABLE'],
    image => pokeU32(image.source.fd, 60, 70_000),
    { snapshots: [{ id: '1', name: 'one', clusters: [] }] },
  ),
  damaged(
    'C-28 count',
    'the header counts more bitmaps than the directory has',
    ['QCOW2_BITMAP_DIRECTORY'],
    image => {
      const { entries } = openQcow2(image.source).extensions;
      pokeU32(image.source.fd, entries.find(({ name }) => name === 'bitmaps')?.offset ?? 0, 2);
    },
    { bitmaps: [{ name: 'b', dirty: [[0, 2 ** 19]] }] },
  ),
];

/** External data files. */
const DATA_FILES: readonly DamagedImage[] = [
  {
    id: 'data file short',
    title: 'the external data file ends before the data',
    make: () => small({ dataFile: rawFile(K64), clusters: DATA_AT_1 }).path,
    codes: ['QCOW2_PAST_DATA_FILE_END'],
    verdict: 'corrupt',
  },
  {
    id: 'data file offset',
    title: 'an entry names another place of the data file',
    make: () => {
      const image = small({ dataFile: rawFile(2 ** 20), clusters: DATA_AT_1 });
      setL2(image, 1, COPIED | BigInt(2 * K64));
      return image.path;
    },
    codes: ['QCOW2_DATA_FILE_OFFSET'],
    verdict: 'corrupt',
  },
];

/** Bitmaps and snapshots in several layers. */
const LAYERS: readonly DamagedImage[] = [
  {
    id: 'bitmap gap',
    title: 'a checkpoint is missing in a middle layer',
    make: () => {
      const bitmaps = [{ name: 'a' }];
      return over(over(small({ bitmaps }).path), { bitmaps });
    },
    codes: ['CHAIN_BITMAP_GAP'],
    verdict: 'clean',
  },
  {
    id: 'bitmaps left',
    title: 'bitmaps of a lower layer are not in the top layer',
    make: () => over(small({ bitmaps: [{ name: 'a' }] }).path),
    codes: ['CHAIN_BITMAPS_NOT_IN_TOP'],
    verdict: 'clean',
  },
  damaged(
    'bitmap disabled',
    'a bitmap does not record',
    ['CHAIN_BITMAP_DISABLED'],
    () => {},
    { bitmaps: [{ name: 'a', enabled: false }] },
    'clean',
  ),
  {
    id: 'snapshots below',
    title: 'a lower layer has internal snapshots',
    make: () => over(small({ snapshots: [{ id: '1', name: 'one', clusters: [] }] }).path),
    codes: ['CHAIN_LOWER_SNAPSHOTS'],
    verdict: 'clean',
  },
];

/** Names and formats that images record of each other. */
const LINKS: readonly DamagedImage[] = [
  {
    id: 'C-34 loop',
    title: 'an image names itself as its backing file',
    make: () => {
      const top = over('itself.qcow2');
      symlinkSync(top, join(dirname(top), 'itself.qcow2'));
      return top;
    },
    codes: [],
    verdict: 'incomplete',
  },
  {
    id: 'format by content',
    title: 'no format is recorded for a base that looks like an image',
    make: () => small({ backingFile: small().path }).path,
    codes: ['CHAIN_FORMAT_BY_CONTENT'],
    verdict: 'incomplete',
  },
  {
    id: 'format not recorded',
    title: 'no format is recorded for a base that looks like a raw disk',
    make: () => small({ backingFile: rawFile(2 ** 20) }).path,
    codes: ['CHAIN_FORMAT_NOT_RECORDED'],
    verdict: 'clean',
  },
  {
    id: 'format differs',
    title: 'a base of qcow2 is recorded as qcow',
    make: () => over(small().path, { backingFormat: 'qcow' }),
    codes: ['CHAIN_FORMAT_DIFFERS'],
    verdict: 'clean',
  },
  {
    id: 'relative name',
    title: 'a relative name is recorded with its driver, which qemu looks for where it is started',
    make: () => over(`file:${basename(small().path)}`),
    codes: ['CHAIN_NAME_RELATIVE'],
    verdict: 'clean',
  },
  {
    id: 'folder of a link',
    title: 'an image is named through a symbolic link that lies in another folder than its base',
    make: () => {
      const top = over(basename(small().path));
      const link = join(mkdtempSync(join(dirname(top), 'links-')), basename(top));
      symlinkSync(top, link);
      return link;
    },
    codes: ['CHAIN_LINK_FOLDER'],
    verdict: 'clean',
  },
];

/** All of them. */
export const ODD_IMAGES: readonly DamagedImage[] = [...HEADERS, ...LISTS, ...DATA_FILES, ...LAYERS, ...LINKS];
