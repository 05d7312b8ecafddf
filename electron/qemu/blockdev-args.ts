/** How qemu-nbd is started for one layer: driver JSON and arguments that leave nothing to guess. */
import { readSync } from 'node:fs';
import { atLeast, type QemuTool } from './tools.ts';

/** A file that the caller opened read-only and keeps open. */
export interface OpenedFile {
  readonly fd: number;
  /** A block device: qemu has a separate driver for those. */
  readonly device: boolean;
}

/** One layer to export in isolation. Descriptors must stay open until the export is ready or has failed. */
export interface ExportSource {
  /** `qcow` is version 1. */
  readonly format: 'qcow2' | 'qcow' | 'raw';
  /** The image; its path is for messages only. */
  readonly source: { readonly fd: number; readonly path: string };
  /** The image is a block device. */
  readonly device: boolean;
  /** The external data file, once consented to. Without it an image that has one is never given to a child. */
  readonly dataFile?: OpenedFile | undefined;
}

/** The parts of an image's header that decide how qemu-nbd is started. */
export interface ExportHeader {
  readonly isQcow2: boolean;
  /** In bytes; 0 where the header holds a value that qemu refuses. */
  readonly clusterSize: number;
  readonly hasDataFile: boolean;
}

/**
 * Most bitmaps one export carries: a connection asks for 64 contexts, two of which are none. And most bytes of their
 * names: far below what a system allows on a command line.
 */
const MAX_BITMAPS = 62;
const MAX_BITMAP_BYTES = 65_536;

/** Bytes of qemu's cache of L2 slices: enough for sequential walks, and many small servers stay small. */
const L2_CACHE_BYTES = 1_048_576;

/** Descriptor numbers in the child, right behind its standard streams. */
const CHILD_FILE = 3;
const CHILD_DATA_FILE = 4;

/** The header fields of the image behind a descriptor (qcow2 specification, "Header"). Throws what the system reports. */
export function readExportHeader(fd: number): ExportHeader {
  const head = Buffer.alloc(80);
  const isQcow2 = readSync(fd, head, 0, head.length, 0) >= 72 && head.readUInt32BE(0) === 0x514649fb;
  const clusterBits = head.readUInt32BE(20);
  return {
    isQcow2,
    clusterSize: clusterBits >= 9 && clusterBits <= 21 ? 2 ** clusterBits : 0,
    hasDataFile: isQcow2 && head.readUInt32BE(4) >= 3 && (head.readUInt8(79) & 4) !== 0,
  };
}

/**
 * Names of bitmaps that can be put on a command line, and those that cannot: not UTF-8 in the image, or one too many.
 * Without a tool: for the best one there is.
 */
export function bitmapsToExport(
  names: readonly string[],
  tool?: QemuTool,
): { taken: string[]; left: string[] } {
  const takesSeveral = tool === undefined || atLeast(tool.version, 5, 2); // -B could be given once before that
  const most = takesSeveral ? MAX_BITMAPS : 1;
  const taken: string[] = [];
  const left: string[] = [];
  let bytes = 0;
  for (const name of names) {
    const length = Buffer.byteLength(name);
    const fits = taken.length < most && bytes + length <= MAX_BITMAP_BYTES;
    if (fits && length > 0 && !/[\0\ufffd]/.test(name)) {
      taken.push(name);
      bytes += length;
    } else left.push(name);
  }
  return { taken, left };
}

/** The files the child inherits, in the order of its descriptors from {@link CHILD_FILE} on. */
export function inheritedFiles(layer: ExportSource): number[] {
  const data = layer.format === 'qcow2' ? layer.dataFile : undefined;
  return data === undefined ? [layer.source.fd] : [layer.source.fd, data.fd];
}

/**
 * The block node of the layer, as JSON: its format and nothing below it, its file as an inherited descriptor.
 * Cache sizes are those that keep a walk over the tables from reading any of them twice.
 */
export function layerNode(layer: ExportSource, head: ExportHeader, forceShare: boolean): string {
  const fileNode = (device: boolean, childFd: number) => ({
    driver: device ? 'host_device' : 'file',
    filename: `/dev/fd/${childFd}`,
  });
  const share = forceShare ? { 'force-share': true } : {};
  const file = fileNode(layer.device, CHILD_FILE);
  if (layer.format === 'raw') return JSON.stringify({ driver: 'raw', ...share, file });
  if (layer.format === 'qcow') return JSON.stringify({ driver: 'qcow', backing: null, ...share, file });
  const cache =
    head.clusterSize === 0
      ? {}
      : { 'l2-cache-entry-size': head.clusterSize, 'l2-cache-size': L2_CACHE_BYTES };
  const data =
    layer.dataFile === undefined ? {} : { 'data-file': fileNode(layer.dataFile.device, CHILD_DATA_FILE) };
  return JSON.stringify({ driver: 'qcow2', backing: null, ...cache, ...share, file, ...data });
}

/** How an export is offered. */
export interface ExportOffer {
  readonly socket: string;
  readonly exportName: string;
  /** Clients served at once. */
  readonly clients: number;
  readonly bitmaps: readonly string[];
}

/**
 * Arguments of qemu-nbd: read-only, persistent, on a unix socket. A value is joined to its option, so that a name that
 * looks like one is never a separate argument. A raw layer gets no allocation depth: there it is
 * always 1, and qemu 6.2 reports wrong allocation after a depth query on raw.
 */
export function serverArguments(
  layer: ExportSource,
  node: string,
  offer: ExportOffer,
  tool: QemuTool,
): string[] {
  const depth = layer.format !== 'raw' && atLeast(tool.version, 5, 2) ? ['-A'] : [];
  return [
    ...[
      '-r',
      '-t',
      `--shared=${offer.clients}`,
      `--socket=${offer.socket}`,
      `--export-name=${offer.exportName}`,
    ],
    ...depth,
    ...offer.bitmaps.map(name => `--bitmap=${name}`),
    ...['--', `json:${node}`],
  ];
}
