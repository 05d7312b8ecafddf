import { openSync, writeSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { recognizeFormat } from '../../../../electron/qcow2/read/probe-format.ts';
import { newFile, openSource } from '../../../support/qcow2-reading.ts';

function fileWith(bytes: string | Uint8Array, at = 0, size = 0x9000) {
  const path = newFile();
  const fd = openSync(path, 'w');
  writeSync(fd, new Uint8Array(size), 0, size, 0);
  const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
  writeSync(fd, data, 0, data.length, at);
  return openSource(path);
}

describe('recognizeFormat', () => {
  it.each([
    ['qcow2', 'QFI\xfb\0\0\0\x03', 0],
    ['qcow2', 'QFI\xfb\0\0\0\x02', 0],
    ['qcow', 'QFI\xfb\0\0\0\x01', 0],
    ['vmdk', 'KDMV', 0],
    ['vmdk', 'COWD', 0],
    ['vmdk', '# Disk DescriptorFile\nversion=1', 0],
    ['vdi', `<<< Oracle VM VirtualBox Disk Image >>>\n${'\0'.repeat(24)}\x7f\x10\xda\xbe`, 0],
    ['vhdx', 'vhdxfile', 0],
    ['vhd', 'conectix', 0],
    ['vhd', 'conectix', 0x9000 - 512],
    ['luks', 'LUKS\xba\xbe\0\x01', 0],
    ['parallels', 'WithoutFreeSpace', 0],
    ['parallels', 'WithouFreSpacExt', 0],
    ['qed', 'QED\0', 0],
    ['bochs', 'Bochs Virtual HD Image\0', 0],
    ['cloop', '#!/bin/sh\n#V2.0 Format\nmodprobe cloop file=$0 && mount', 0],
    ['dmg', 'koly\0\0\0\x04', 0x9000 - 512],
    ['raw', '#!/bin/sh\necho cloop', 0],
    ['iso', 'CD001', 0x8001],
    ['raw', 'QFI', 0],
    ['raw', '', 0],
  ])('%s', (format, magic, at) => {
    const found = recognizeFormat(fileWith(magic, at));
    expect(found.format).toBe(format);
    expect(found.sentence === '').toBe(['qcow2', 'qcow', 'raw'].includes(format));
  });

  it('takes an empty and a tiny file as raw', () => {
    expect(recognizeFormat(fileWith('', 0, 0)).format).toBe('raw');
    expect(recognizeFormat(fileWith('QFI\xfb', 0, 4)).format).toBe('raw');
  });
});
