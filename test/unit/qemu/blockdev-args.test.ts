import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  bitmapsToExport,
  type ExportSource,
  inheritedFiles,
  layerNode,
  readExportHeader,
  serverArguments,
} from '../../../electron/qemu/blockdev-args.ts';
import { temporaryFolder } from '../../support/tools.ts';

const qcow2: ExportSource = { format: 'qcow2', source: { fd: 17, path: '/x,y' }, device: false };
const head = { isQcow2: true, clusterSize: 4096, hasDataFile: false };
const tool = (major: number, minor: number) => ({
  path: '/qemu-nbd',
  version: { major, minor, text: '' },
  prefix: () => [],
});

describe('layerNode', () => {
  it('opens nothing below the layer, and its file by descriptor alone', () => {
    expect(JSON.parse(layerNode(qcow2, head, false))).toEqual({
      driver: 'qcow2',
      backing: null,
      'l2-cache-entry-size': 4096,
      'l2-cache-size': 1048576,
      file: { driver: 'file', filename: '/dev/fd/3' },
    });
    expect(inheritedFiles(qcow2)).toEqual([17]);
  });

  it('gives the data file as a descriptor too, and only to qcow2', () => {
    const layer = { ...qcow2, dataFile: { fd: 21, device: true } };
    expect(JSON.parse(layerNode(layer, head, false))['data-file']).toEqual({
      driver: 'host_device',
      filename: '/dev/fd/4',
    });
    expect(inheritedFiles(layer)).toEqual([17, 21]);
    expect(inheritedFiles({ ...layer, format: 'raw' })).toEqual([17]);
  });

  it('uses the driver for devices where the file is one', () => {
    const raw: ExportSource = { ...qcow2, format: 'raw', device: true };
    expect(JSON.parse(layerNode(raw, { ...head, clusterSize: 0 }, true))).toEqual({
      driver: 'raw',
      'force-share': true,
      file: { driver: 'host_device', filename: '/dev/fd/3' },
    });
  });

  it('leaves cache sizes to qemu where the header has no cluster size it would take', () => {
    expect(layerNode(qcow2, { ...head, clusterSize: 0 }, false)).not.toContain('l2-cache');
  });
});

describe('serverArguments', () => {
  const offer = { socket: '/s', exportName: '-v', clients: 5, bitmaps: ['--fork', 'b'] };

  it('is read-only, and names never become options', () => {
    const args = [
      '-r',
      '-t',
      '--shared=5',
      '--socket=/s',
      '--export-name=-v',
      '-A',
      '--bitmap=--fork',
      '--bitmap=b',
      '--',
      'json:NODE',
    ];
    expect(serverArguments(qcow2, 'NODE', offer, tool(7, 2))).toEqual(args);
  });

  it('asks for no depth of raw layers nor of servers that have none', () => {
    expect(serverArguments({ ...qcow2, format: 'raw' }, 'NODE', offer, tool(7, 2))).not.toContain('-A');
    expect(serverArguments(qcow2, 'NODE', offer, tool(5, 1))).not.toContain('-A');
  });
});

describe('bitmapsToExport', () => {
  it('leaves out what a command line cannot carry', () => {
    const names = ['ok', '', 'a\0b', 'not \ufffd utf-8', 'x'.repeat(1023)];
    expect(bitmapsToExport(names, tool(7, 2))).toEqual({
      taken: ['ok', 'x'.repeat(1023)],
      left: ['', 'a\0b', 'not \ufffd utf-8'],
    });
  });

  it('bounds their number and the bytes of their names', () => {
    const many = Array.from({ length: 65_535 }, (_, i) => `b${i}`);
    expect(bitmapsToExport(many, tool(7, 2)).taken).toHaveLength(62);
    const long = Array.from({ length: 200 }, (_, i) => `${i}`.padEnd(1023, 'é'));
    expect(Buffer.byteLength(bitmapsToExport(long, tool(7, 2)).taken.join(''))).toBeLessThanOrEqual(65_536);
    expect(bitmapsToExport(['a', 'b'], tool(5, 1))).toEqual({ taken: ['a'], left: ['b'] });
  });
});

describe('readExportHeader', () => {
  const headOf = (bytes: Uint8Array) => {
    const path = join(temporaryFolder(), 'image');
    writeFileSync(path, bytes);
    const fd = openSync(path, 'r');
    try {
      return readExportHeader(fd);
    } finally {
      closeSync(fd);
    }
  };
  const header = (version: number, clusterBits: number, incompatible: number) => {
    const bytes = Buffer.alloc(112);
    bytes.writeUInt32BE(0x514649fb, 0);
    bytes.writeUInt32BE(version, 4);
    bytes.writeUInt32BE(clusterBits, 20);
    bytes.writeUInt32BE(incompatible, 76);
    return bytes;
  };

  it('tells cluster size and data file', () => {
    expect(headOf(header(3, 16, 4))).toEqual({ isQcow2: true, clusterSize: 65536, hasDataFile: true });
    expect(headOf(header(3, 9, 0x1b))).toEqual({ isQcow2: true, clusterSize: 512, hasDataFile: false });
  });

  it('knows that version 2 has no feature bits', () => {
    expect(headOf(header(2, 16, 4)).hasDataFile).toBe(false);
    expect(headOf(header(2, 16, 4).subarray(0, 72)).isQcow2).toBe(true);
  });

  it('is not misled by short files and wild values', () => {
    expect(headOf(Buffer.alloc(0)).isQcow2).toBe(false);
    expect(headOf(header(3, 16, 4).subarray(0, 71))).toMatchObject({ isQcow2: false, hasDataFile: false });
    for (const bits of [0, 8, 22, 63, 0xffffffff]) expect(headOf(header(3, bits, 0)).clusterSize).toBe(0);
  });
});
