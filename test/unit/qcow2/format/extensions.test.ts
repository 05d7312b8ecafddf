import { describe, expect, it } from 'vitest';
import { describeFeatures } from '../../../../electron/qcow2/format/extensions.ts';
import { openQcow2 } from '../../../../electron/qcow2/read/image.ts';
import { pokeU32 } from '../../../support/images/qcow2-builder.ts';
import { buildImage } from '../../../support/qcow2-reading.ts';

const text = (value: string) => new TextEncoder().encode(value);

describe('header extensions', () => {
  it('are listed with their place, known or not', () => {
    const { source } = buildImage({
      size: 2 ** 20,
      backingFile: 'base.qcow2',
      backingFormat: 'qcow2',
      extensions: [{ type: 0x12345678, data: text('what is this') }],
    });
    const image = openQcow2(source);
    expect(image.findings).toEqual([]);
    expect(image.extensions.backingFormat).toBe('qcow2');
    expect(new TextDecoder().decode(image.backingFileBytes)).toBe('base.qcow2');
    expect(image.extensions.entries).toEqual([
      { type: 0xe2792aca, name: 'backing file format', offset: 120, length: 5 },
      { type: 0x6803f857, name: 'feature names', offset: 136, length: 384 },
      { type: 0x12345678, name: 'unknown', offset: 528, length: 12 },
    ]);
  });

  it('name features, and bits without a name are numbered', () => {
    const { extensions } = openQcow2(buildImage({ size: 2 ** 20 }).source);
    expect(describeFeatures(0b1_0001_0010n | (1n << 63n), 'incompatible', extensions.featureNames)).toEqual([
      'corrupt bit',
      'extended L2 entries',
      'bit 8',
      'bit 63',
    ]);
    expect(describeFeatures(1n, 'autoclear', extensions.featureNames)).toEqual(['bitmaps']);
    expect(describeFeatures(1n, 'compatible', [])).toEqual(['bit 0']);
  });

  it('keep names that are not UTF-8 as bytes, and stop at NUL', () => {
    const data = Uint8Array.of(0x2f, 0xff, 0xfe, 0x00, 0x41);
    const { source } = buildImage({ size: 2 ** 20, extensions: [{ type: 0x44415441, data }] });
    const { extensions } = openQcow2(source);
    expect(extensions.dataFileBytes).toEqual(Uint8Array.of(0x2f, 0xff, 0xfe));
    expect(extensions.dataFile).toBe('/\ufffd\ufffd');
  });

  it('past their end stop the list and are reported', () => {
    const { source } = buildImage({ size: 2 ** 20, backingFormat: 'raw' });
    pokeU32(source.fd, 132, 70_000);
    const image = openQcow2(source);
    expect(image.findings.map(({ code, host }) => [code, host[0]?.[0]])).toEqual([
      ['QCOW2_EXTENSION_TOO_LARGE', 128],
    ]);
    expect(image.extensions.entries).toHaveLength(1);
  });

  it.each([
    [2n ** 63n + 0x1_0200n, 64n, 'puts the directory at 0x8000_0000_0001_0200, past the end of any file'],
    [0x1_0200n, 64n, 'puts the directory at 0x0001_0200, which is not a cluster boundary'],
    [0x1_0000n, 2n ** 64n - 1n, 'says the directory has 18,446,744,073,709,551,615 bytes'],
  ])('say a bitmap directory at %d of %d bytes with all digits', (offset, size, what) => {
    const data = new Uint8Array(24);
    const view = new DataView(data.buffer);
    view.setUint32(0, 1);
    view.setBigUint64(8, size);
    view.setBigUint64(16, offset);
    const image = openQcow2(buildImage({ size: 2 ** 20, extensions: [{ type: 0x23852875, data }] }).source);
    const found = image.findings.find(({ code }) => code === 'QCOW2_BITMAPS_EXTENSION');
    expect(found?.what).toContain(`the bitmaps extension ${what}`);
    expect(image.bitmaps).toEqual([]);
  });

  it('that are wrong in themselves are left out and reported', () => {
    const extensions = [
      { type: 0xe2792aca, data: text('a name of sixteen') },
      { type: 0x0537be77, data: new Uint8Array(16) },
      { type: 0x23852875, data: new Uint8Array(8) },
      { type: 0x44415441, data: text('a') },
      { type: 0x44415441, data: text('b') },
    ];
    const image = openQcow2(buildImage({ size: 2 ** 20, extensions, incompatible: 4n }).source);
    expect(image.findings.map(({ code }) => code)).toEqual([
      'QCOW2_BACKING_FORMAT',
      'QCOW2_ENCRYPTION_HEADER',
      'QCOW2_BITMAPS_EXTENSION',
      'QCOW2_EXTENSION_REPEATED',
    ]);
    expect(image.extensions.backingFormat).toBe('');
    expect(image.extensions.encryptionHeader).toBeUndefined();
    expect(image.extensions.bitmaps).toBeUndefined();
  });

  it('beyond the first 4 KiB are read', () => {
    const extensions = [
      { type: 0x11111111, data: new Uint8Array(9000) },
      { type: 0x44415441, data: text('far.raw') },
    ];
    expect(openQcow2(buildImage({ size: 2 ** 20, extensions }).source).extensions.dataFile).toBe('far.raw');
  });

  it('name features also in a last entry that is cut', () => {
    const names = new Uint8Array(48 + 9);
    names.set([0, 1, ...text('first')], 0);
    names.set([2, 5, ...text('cut off')], 48);
    const image = openQcow2(
      buildImage({ size: 2 ** 20, extensions: [{ type: 0x6803f857, data: names }] }).source,
    );
    // It comes after the one that every image of the builder has.
    expect(image.findings.map(({ code }) => code)).toEqual(['QCOW2_EXTENSION_REPEATED']);
    expect(image.extensions.featureNames).toEqual([
      { kind: 'incompatible', bit: 1, name: 'first' },
      { kind: 'autoclear', bit: 5, name: 'cut off' },
    ]);
  });

  it('say when a raw data file is claimed and there is none', () => {
    const image = openQcow2(buildImage({ size: 2 ** 20, autoclear: 2n }).source);
    expect(image.findings.map(({ code }) => code)).toEqual(['QCOW2_DATA_FILE_RAW']);
  });

  it('say when a data file is needed and not named', () => {
    const image = openQcow2(buildImage({ size: 2 ** 20, incompatible: 4n }).source);
    expect(image.findings.map(({ code }) => code)).toEqual(['QCOW2_DATA_FILE_NAME']);
  });
});
