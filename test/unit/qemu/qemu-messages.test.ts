import { describe, expect, it } from 'vitest';
import { startFailure, stderrTail } from '../../../electron/qemu/qemu-messages.ts';

const NODE = 'json:{"driver":"qcow2","backing":null,"file":{"driver":"file","filename":"/dev/fd/3"}}';

describe('startFailure', () => {
  it.each([
    [
      `qemu-nbd: Failed to blk_new_open '${NODE}': Failed to get shared "write" lock\nIs another process using the image [/dev/fd/3]?\n`,
      'QEMU_IMAGE_LOCKED',
    ],
    ["qemu-nbd: Bitmap 'b' is not found\n", 'QEMU_BITMAP_REFUSED'],
    ["qemu-nbd: Bitmap 'b\nx' is inconsistent and cannot be used\n", 'QEMU_BITMAP_REFUSED'],
    [
      `qemu-nbd: Failed to blk_new_open '${NODE}': Parameter 'encrypt.key-secret' is required for cipher\n`,
      'QEMU_ENCRYPTED',
    ],
    [
      `qemu-nbd: Failed to blk_new_open '${NODE}': Could not open '/dev/fd/3': Permission denied\n`,
      'QEMU_PERMISSION',
    ],
    ['qemu-nbd: Failed to initialize event notifier: Too many open files\n', 'QEMU_LIMIT'],
    ['spawn /usr/bin/qemu-nbd EMFILE', 'QEMU_LIMIT'],
    [`qemu-nbd: Failed to blk_new_open '${NODE}': Unsupported qcow2 feature(s): x\n`, 'QEMU_START_FAILED'],
    ['', 'QEMU_START_FAILED'],
  ])('of %j is %s', (stderr, code) => {
    expect(startFailure(stderr, '/image')).toMatchObject({ code, subject: '/image' });
  });

  it('carries qemu’s own words without the node it was given', () => {
    const { what } = startFailure(
      `qemu-nbd: Failed to blk_new_open '${NODE}': L1 table is too small\n`,
      '/image',
    );
    expect(what).toBe('qemu-nbd did not start; it says: L1 table is too small');
  });
});

describe('stderrTail', () => {
  it('are bounded, and can neither steer a terminal nor hold lines', () => {
    const words = stderrTail(`qemu-nbd: first\nqemu-nbd: \x1b[31mred\u202e\nqemu-nbd: ${'x'.repeat(5000)}\n`);
    expect(words.startsWith('\\x1b[31mred\\u{202e}; xxx')).toBe(true);
    expect(words.length).toBeLessThan(600);
  });
});
