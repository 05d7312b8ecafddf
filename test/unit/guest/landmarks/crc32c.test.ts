import { expect, it } from 'vitest';
import { crc32c } from '../../../../electron/guest/landmarks/crc32c.ts';

it('counts CRC-32C as RFC 3720 does', () => {
  expect(~crc32c(0xffffffff, Buffer.from('123456789')) >>> 0).toBe(0xe3069283);
  expect(~crc32c(0xffffffff, new Uint8Array(32)) >>> 0).toBe(0x8a9136aa);
});
