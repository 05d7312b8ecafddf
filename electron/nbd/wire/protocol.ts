/**
 * Numbers of the NBD protocol (doc/proto.md of the NetworkBlockDevice project, with the extended headers of 2023).
 * Only what a read-only client needs: it never sends WRITE, TRIM, WRITE_ZEROES or CACHE.
 */

/** First 8 bytes from every server, as two big-endian words: "NBDMAGIC". */
export const NBD_MAGIC = [0x4e42444d, 0x41474943] as const;
/** "IHAVEOPT": second 8 bytes of a newstyle greeting and first 8 of every option. */
export const OPTION_MAGIC = [0x49484156, 0x454f5054] as const;
/** Second 8 bytes of an oldstyle greeting. */
export const OLD_STYLE_MAGIC = [0x00004202, 0x81861253] as const;
/** First 8 bytes of every reply to an option. */
export const OPTION_REPLY_MAGIC = [0x0003e889, 0x045565a9] as const;

/** First 4 bytes of messages in the transmission phase. */
export const MAGIC = {
  request: 0x25609513,
  simpleReply: 0x67446698,
  structuredReply: 0x668e33ef,
  extendedRequest: 0x21e41c71,
  extendedReply: 0x6e8a278c,
} as const;

/** Lengths of the fixed parts of messages, in bytes. */
export const HEADER_LENGTH = {
  greeting: 18,
  optionRequest: 16,
  optionReply: 20,
  request: 28,
  extendedRequest: 32,
  simpleReply: 16,
  structuredReply: 20,
  extendedReply: 32,
} as const;

/** Handshake flags of the server, and the client's answer to them. */
export const HANDSHAKE = { fixedNewstyle: 1, noZeroes: 2 } as const;

/** Options of the handshake. */
export const OPTION = {
  exportName: 1,
  abort: 2,
  list: 3,
  startTls: 5,
  info: 6,
  go: 7,
  structuredReply: 8,
  listMetaContext: 9,
  setMetaContext: 10,
  extendedHeaders: 11,
} as const;

/** Reply types of the handshake; bit 31 marks an error. */
export const OPTION_REPLY = {
  ack: 1,
  server: 2,
  info: 3,
  metaContext: 4,
  unsupported: 0x80000001,
  policy: 0x80000002,
  invalid: 0x80000003,
  platform: 0x80000004,
  tlsRequired: 0x80000005,
  unknown: 0x80000006,
  shutdown: 0x80000007,
  blockSizeRequired: 0x80000008,
  tooBig: 0x80000009,
  extendedHeadersRequired: 0x8000000a,
} as const;

/** Kinds of information in INFO and GO. */
export const INFO = { export: 0, name: 1, description: 2, blockSize: 3 } as const;

/** Flags of an export. */
export const EXPORT_FLAG = {
  hasFlags: 1 << 0,
  readOnly: 1 << 1,
  sendFlush: 1 << 2,
  sendFua: 1 << 3,
  rotational: 1 << 4,
  sendTrim: 1 << 5,
  sendWriteZeroes: 1 << 6,
  sendDf: 1 << 7,
  canMultiConn: 1 << 8,
  resize: 1 << 9,
  sendCache: 1 << 10,
  sendFastZero: 1 << 11,
  blockStatusPayload: 1 << 12,
} as const;

/** Commands this client sends. */
export const COMMAND = { read: 0, disconnect: 2, blockStatus: 7 } as const;

/** Flags of a request. */
export const COMMAND_FLAG = { payloadLength: 1 << 5 } as const;

/** Chunk types; bit 15 marks an error even where the type is not known. */
export const CHUNK = {
  none: 0,
  offsetData: 1,
  offsetHole: 2,
  blockStatus: 5,
  blockStatusExtended: 6,
  error: 0x8001,
  errorOffset: 0x8002,
  errorBit: 0x8000,
} as const;

/** Flag of a chunk: the last one of its reply. */
export const CHUNK_DONE = 1;

/** Error numbers in replies. */
export const ERRNO = {
  EPERM: 1,
  EIO: 5,
  ENOMEM: 12,
  EINVAL: 22,
  ENOSPC: 28,
  EOVERFLOW: 75,
  ENOTSUP: 95,
  ESHUTDOWN: 108,
} as const;

/** Port of a TCP address that names none. */
export const DEFAULT_PORT = 10809;

/** Longest string of the protocol, in bytes. */
export const MAX_STRING_BYTES = 4096;
/** Longest data of one option reply that is read: a name, a description and some slack. */
export const MAX_OPTION_DATA_BYTES = 65_536;
/** Most extents in one status chunk: the protocol asks servers to keep to it. */
export const MAX_STATUS_EXTENTS = 2 ** 20;
/** Most bytes in one READ: what every server must accept where it says nothing else. */
export const MAX_READ_BYTES = 2 ** 25;
/** Longest error chunk: number, length, a string of any u16 length, and an offset. */
export const MAX_ERROR_CHUNK_BYTES = 6 + 65_535 + 8;
