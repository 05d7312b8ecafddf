/** Captures of built images: what is taken, what is replaced, and what becomes of captures that are cut, changed or hostile. */

import { createHash } from 'node:crypto';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { CODEC, frameHeader } from '../../../electron/capture/format.ts';
import { discoverChain } from '../../../electron/chain/discover.ts';
import { captureTarget } from '../../../electron/service/capture/capture-target.ts';
import { writeAt } from '../../support/images/qcow2-builder-parts.ts';
import { buildImage } from '../../support/qcow2-reading.ts';
import { temporaryFolder } from '../../support/tools.ts';

const folder = temporaryFolder();
const CONSENT = { allow: [], allowAll: false };
let files = 0;

function newPath(): string {
  return join(folder, `${files++}.cowscope`);
}

function secretImage() {
  return buildImage({
    size: 2 ** 24,
    clusters: Array.from({ length: 40 }, (_, index) => ({ index: index * 3, kind: 'data' as const })),
    snapshots: [{ id: 'secret-id-1', name: 'secret-snapshot' }],
    bitmaps: [{ name: 'secret-bitmap', dirty: [[0, 2 ** 20]] }],
  });
}

async function captureOf(path: string, showPaths = false): Promise<string> {
  const to = newPath();
  await captureTarget({ kind: 'files', files: [path] }, CONSENT, { path: to, images: [path] }, { showPaths });
  return to;
}

async function codeOf(bytes: Uint8Array): Promise<string> {
  const path = newPath();
  writeFileSync(path, bytes);
  return discoverChain({ files: [path] }).then(
    async chain => {
      await chain.close();
      return 'opened';
    },
    error => error.code,
  );
}

/** A capture with a right SHA-256 of whatever frames. */
function hostile(frames: readonly Uint8Array[], head: object = {}, layers = 1): Buffer {
  const layer = {
    name: 'a',
    path: '',
    format: 'raw',
    formatSource: 'assumed',
    content: 'raw',
    fileSize: 2 ** 40,
    allocated: -1,
    modified: -1,
    device: false,
    inUse: false,
    backing: { status: 'none', code: '' },
  };
  const line = {
    schema: 'cowscope.capture',
    version: 1,
    created: '2026-01-01T00:00:00.000Z',
    tool: 't',
    qemu: '',
    redacted: true,
    layers: Array(layers).fill(layer),
    ...head,
  };
  const result = { captured: 0, unchanged: true, left: 0, unread: [], unreadBytes: 0 };
  const record = Buffer.from(JSON.stringify({ frames: frames.length, layers: Array(layers).fill(result) }));
  const end = Buffer.alloc(8);
  end[0] = 0x45;
  end.writeUInt32BE(record.length, 4);
  const all = Buffer.concat([Buffer.from(`${JSON.stringify(line)}\n`), ...frames, end, record]);
  return Buffer.concat([all, createHash('sha256').update(all).digest()]);
}

function frame(offset: number, length: number, codec: number, stored: Uint8Array): Buffer {
  const header = { layer: 0, codec: codec as 0, offset, length, stored: stored.length };
  return Buffer.concat([frameHeader(header, stored, crc32), stored]);
}

describe('a redacted capture', () => {
  it('holds none of the names of the image, in its bytes or in what is read from them', async () => {
    const { path } = secretImage().source;
    const to = await captureOf(path);
    const chain = await discoverChain({ files: [to] });
    try {
      const { source, info } = chain.layers[0]!;
      const held = [readFileSync(to)];
      const { starts, ends } = source.frames!;
      for (const [i, start] of starts.entries()) {
        const bytes = Buffer.alloc(ends[i]! - start);
        expect(source.readAt(bytes, start)).toBe(bytes.length);
        held.push(bytes);
      }
      const all = Buffer.concat(held);
      const name = path.split('/').at(-1)!;
      for (const secret of ['secret', name, ...path.split('/').filter(part => part.length > 4)])
        expect(all.includes(secret), secret).toBe(false);
      expect(all.length).toBeGreaterThan(5 * 65_536);
      expect(info.qcow2?.snapshots[0]).toMatchObject({ id: 'n0000000000', name: 'n00000000000000' });
      expect(info.qcow2?.bitmaps[0]?.name).toMatch(/^n0{12}$/);
      expect(chain.info.capture).toMatchObject({ redacted: true, path: to });
    } finally {
      await chain.close();
    }
  });

  it('with names holds them', async () => {
    const { path } = secretImage().source;
    const chain = await discoverChain({ files: [await captureOf(path, true)] });
    expect(chain.layers[0]?.info).toMatchObject({ path, name: path.split('/').at(-1) });
    expect(chain.layers[0]?.info.qcow2?.snapshots[0]?.name).toBe('secret-snapshot');
    await chain.close();
  });
});

describe('bytes that were not captured', () => {
  it('are an error and never zeros', async () => {
    const image = secretImage();
    const chain = await discoverChain({ files: [await captureOf(image.source.path)] });
    const { source } = chain.layers[0]!;
    const data = image.l2Offsets.get(0)! + image.clusterSize;
    expect(() => source.readAt(new Uint8Array(8), data)).toThrow(
      expect.objectContaining({ code: 'NOT_CAPTURED' }),
    );
    expect(source.heldUpTo?.(data)).toBe(data);
    expect(source.readAt(new Uint8Array(8), source.size)).toBe(0);
    await chain.close();
  });
});

describe('a capture', () => {
  it('is refused wherever it is cut, and wherever a byte of it is changed', async () => {
    const bytes = readFileSync(await captureOf(secretImage().source.path));
    expect(await codeOf(bytes)).toBe('opened');
    for (let i = 0; i < 40; i++) {
      const at = 60 + Math.floor(((bytes.length - 61) * i) / 40);
      expect(['CAPTURE_CUT', 'CAPTURE_DAMAGED']).toContain(await codeOf(bytes.subarray(0, at)));
      const changed = Buffer.from(bytes);
      changed[at] = changed[at]! ^ 0x10;
      expect(['CAPTURE_CUT', 'CAPTURE_DAMAGED']).toContain(await codeOf(changed));
    }
    expect(await codeOf(Buffer.concat([bytes, Buffer.from([0])]))).toBe('CAPTURE_DAMAGED');
  });

  it('has the files as they are, and nothing that was inferred', async () => {
    const { path } = secretImage().source;
    writeAt(openSync(path, 'r+'), new Uint8Array(512), 0); // the header is lost
    const to = newPath();
    const target = { kind: 'files', files: [path], infer: 1 } as const;
    const written = await captureTarget(target, CONSENT, { path: to, images: [path] }, { showPaths: false });
    expect(written.layers).toMatchObject([{ format: 'raw', captured: 0 }]);
  });

  it('is no layer of a chain of files', async () => {
    const { path } = secretImage().source;
    const files = [path, await captureOf(path)];
    await expect(discoverChain({ files })).rejects.toMatchObject({ code: 'CAPTURE_AMONG_FILES' });
  });

  it.each([
    [
      'frames that overlap',
      [frame(0, 8, CODEC.plain, new Uint8Array(8)), frame(4, 8, CODEC.plain, new Uint8Array(8))],
    ],
    ['a frame past the end of the file', [frame(2 ** 40, 8, CODEC.plain, new Uint8Array(8))]],
    ['a frame that is too long', [frame(0, 2 ** 19, CODEC.planes, new Uint8Array(8))]],
    ['a frame of no bytes', [frame(0, 0, CODEC.zeros, new Uint8Array(0))]],
    ['zeros with stored bytes', [frame(0, 8, CODEC.zeros, new Uint8Array(8))]],
    ['a codec that is not known', [frame(0, 8, 9, new Uint8Array(8))]],
    ['plain bytes of another length', [frame(0, 8, CODEC.plain, new Uint8Array(9))]],
  ])('is refused with %s', async (_, frames) => {
    expect(await codeOf(hostile(frames))).toBe('CAPTURE_DAMAGED');
  });

  it.each([
    ['more layers than a chain has', {}, 201, 'CAPTURE_DAMAGED'],
    ['no layers', {}, 0, 'CAPTURE_DAMAGED'],
    ['a later version', { version: 2 }, 1, 'CAPTURE_VERSION'],
    ['a name that is no text', { tool: 7 }, 1, 'CAPTURE_DAMAGED'],
  ])('is refused with %s', async (_, head, layers, code) => {
    expect(await codeOf(hostile([], head, layers))).toBe(code);
  });

  it('of a stretch of zeros as long as the file is opened without taking memory for it', async () => {
    expect(await codeOf(hostile([frame(0, 2 ** 40, CODEC.zeros, new Uint8Array(0))]))).toBe('opened');
  });
});
