/** Names in an image are replaced by tokens, and what is not known to hold no names is masked. */
import { readFileSync, readSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { namePatches, Tokens } from '../../../electron/capture/redact.ts';
import { openQcow2 } from '../../../electron/qcow2/read/image.ts';
import { bytesSource } from '../../support/images/bytes-source.ts';
import { type ImageSpec, pokeU32 } from '../../support/images/qcow2-builder.ts';
import { writeAt } from '../../support/images/qcow2-builder-parts.ts';
import { type BuiltImage, buildImage } from '../../support/qcow2-reading.ts';

const SECRET = 'secret';
const HEADER_BYTES = 104;

const bytesOf = (text: string) => Buffer.from(text, 'latin1');
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

/** The file as a capture has it: with the patches over its bytes. */
function redacted({ source }: BuiltImage): { readonly bytes: Buffer; readonly patched: Buffer } {
  const bytes = Buffer.from(readFileSync(source.path));
  const patches = namePatches(openQcow2(source), new Tokens());
  for (const { offset, bytes: patch } of patches) bytes.set(patch, offset);
  return { bytes, patched: Buffer.concat(patches.map(patch => patch.bytes)) };
}

function image(spec: Partial<ImageSpec> = {}): BuiltImage {
  return buildImage({ size: 2 ** 24, clusters: [{ index: 0, kind: 'data' }], ...spec });
}

/** Writes a field of two bytes. */
function pokeU16(fd: number, offset: number, value: number): void {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  writeAt(fd, bytes, offset);
}

function u16At(fd: number, offset: number): number {
  const bytes = Buffer.alloc(2);
  readSync(fd, bytes, 0, 2, offset);
  return bytes.readUInt16BE();
}

describe('a token', () => {
  it('is as long as the name that it stands for, and the same for the same name', () => {
    const tokens = new Tokens();
    const names = ['a', 'b', 'ab', 'base', 'root', 'x'.repeat(300)];
    const made = names.map(name => textOf(tokens.of(bytesOf(name))));
    expect(made.map(({ length }) => length)).toEqual(names.map(({ length }) => length));
    expect(new Set(made).size).toBe(names.length);
    expect(names.map(name => textOf(tokens.of(bytesOf(name))))).toEqual(made);
    expect(tokens.of(bytesOf(''))).toHaveLength(0);
  });

  it('is never the name itself', () => {
    expect(textOf(new Tokens().of(bytesOf('n0')))).not.toBe('n0');
    expect(textOf(new Tokens().of(bytesOf('n000')))).not.toBe('n000');
  });

  it('of a path has one for each component, so that a chain still links', () => {
    const tokens = new Tokens();
    const path = textOf(tokens.ofPath(bytesOf('/vm/disks/../base.qcow2')));
    expect(path).toMatch(/^\/n0\/n0000\/\.\.\/n0{9}$/);
    expect(textOf(tokens.ofPath(bytesOf('./base.qcow2')))).toBe(`./${path.split('/').at(-1)}`);
  });

  it('of a recorded name leaves the kind of name, and nothing of a JSON description', () => {
    const tokens = new Tokens();
    expect(textOf(tokens.ofPath(bytesOf('nbd:host:10809')))).toMatch(/^nbd:n0{9}$/);
    expect(textOf(tokens.ofPath(bytesOf('file:/a')))).toBe('file:/0');
    const description = '{"driver":"qcow2","file":{"filename":"/secret/base"}}';
    const token = textOf(tokens.ofPath(bytesOf(`json:${description}`)));
    expect(token).toMatch(/^json:n0+$/);
    expect(token).toHaveLength(5 + description.length);
  });
});

describe('the first cluster of a redacted image', () => {
  it('has the header and the extensions that are known, and none of the names', () => {
    const made = image({
      backingFile: 'secret-folder/secret-base',
      backingFormat: 'qcow2',
      extensions: [{ type: 0x1234_5678, data: bytesOf('secret-extension') }],
    });
    const before = readFileSync(made.path);
    const { bytes, patched } = redacted(made);
    expect(before.includes(SECRET)).toBe(true);
    expect(patched.includes(SECRET)).toBe(false);
    expect(bytes.subarray(0, HEADER_BYTES)).toEqual(before.subarray(0, HEADER_BYTES));
    const { header, extensions, findings } = openQcow2(bytesSource(bytes));
    expect(findings).toEqual([]);
    expect(header.backingFileSize).toBe('secret-folder/secret-base'.length);
    const at = header.backingFileOffset;
    expect(textOf(bytes.subarray(at, at + header.backingFileSize))).toMatch(/^n0{12}\/n0{10}$/);
    expect(extensions.backingFormat).toBe('qcow2');
  });

  it('has marks in place of a backing format that is longer than the name of any format', () => {
    const { patched } = redacted(image({ backingFile: 'base', backingFormat: 'secret-format-name' }));
    expect(patched.includes(SECRET)).toBe(false);
    expect(textOf(patched)).toContain('x'.repeat('secret-format-name'.length));
  });

  it('has marks in place of what lies behind the extensions, and zeros where there are zeros', () => {
    const made = image();
    writeAt(made.source.fd, bytesOf(`${SECRET}\0\0more`), 40_000);
    const { bytes } = redacted(made);
    expect(textOf(bytes.subarray(39_999, 40_013))).toBe('\0xxxxxx\0\0xxxx\0');
  });

  it('has no more of a long header than is known', () => {
    const made = image();
    const { fd } = made.source;
    writeAt(fd, new Uint8Array(1024), HEADER_BYTES);
    pokeU32(fd, 100, 120);
    writeAt(fd, bytesOf(`\0\0\0\0\0\0\0\0${SECRET}!!`), HEADER_BYTES);
    const { bytes } = redacted(made);
    expect(textOf(bytes.subarray(112, 120))).toBe('xxxxxxxx');
    expect(openQcow2(bytesSource(bytes)).header.headerLength).toBe(120);
  });
});

it('the extra data of a snapshot is masked where it is not known', () => {
  const made = image({ snapshots: [{ id: `${SECRET}!!7`, name: `${SECRET}-name` }] });
  const { fd } = made.source;
  const fileOffset = openQcow2(made.source).snapshots[0]?.fileOffset as number;
  // The first 8 bytes of the id become extra data that no version of the format describes.
  pokeU32(fd, fileOffset + 36, 32);
  pokeU16(fd, fileOffset + 12, u16At(fd, fileOffset + 12) - 8);
  expect(openQcow2(made.source).snapshots).toMatchObject([{ id: '7', name: `${SECRET}-name` }]);
  const before = readFileSync(made.path);
  const { bytes, patched } = redacted(made);
  expect(patched.includes(SECRET)).toBe(false);
  expect(textOf(bytes.subarray(fileOffset + 64, fileOffset + 72))).toBe('xxxxxxxx');
  expect(bytes.subarray(fileOffset, fileOffset + 64)).toEqual(before.subarray(fileOffset, fileOffset + 64));
  expect(openQcow2(bytesSource(bytes)).snapshots).toMatchObject([
    { id: '0', name: expect.stringMatching(/^n0{10}$/) },
  ]);
});

describe('the bitmap directory of a redacted image', () => {
  it('keeps the fields of its entries, and masks extra data and what fills an entry up', () => {
    const made = image({ bitmaps: [{ name: `${SECRET}!!${SECRET}` }] });
    const { fd } = made.source;
    const at = openQcow2(made.source).bitmaps[0]?.fileOffset as number;
    // The first 8 bytes of the name become extra data, and the entry is filled up with bytes that are not zero.
    pokeU32(fd, at + 20, 8);
    pokeU16(fd, at + 18, SECRET.length);
    writeAt(fd, bytesOf('ab'), at + 38);
    const before = readFileSync(made.path);
    const { bytes, patched } = redacted(made);
    expect(patched.includes(SECRET)).toBe(false);
    expect(bytes.subarray(at, at + 24)).toEqual(before.subarray(at, at + 24));
    expect(textOf(bytes.subarray(at + 24, at + 40))).toBe('xxxxxxxxn00000xx');
  });

  it('is masked behind its last entry', () => {
    const made = image({ bitmaps: [{ name: 'first' }, { name: `${SECRET}-of-another` }] });
    const { extensions, bitmaps } = openQcow2(made.source);
    const directory = extensions.entries.find(({ type }) => type === 0x2385_2875);
    pokeU32(made.source.fd, directory?.offset as number, 1);
    const { bytes, patched } = redacted(made);
    const end = bitmaps[1]?.fileOffset as number;
    expect(patched.includes(SECRET)).toBe(false);
    expect(
      bytes.subarray(end, end + (bitmaps[1]?.length as number)).every(byte => byte === 0 || byte === 0x78),
    ).toBe(true);
    expect(openQcow2(bytesSource(bytes)).bitmaps).toMatchObject([{ name: 'n0000' }]);
  });
});
