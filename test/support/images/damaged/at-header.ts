/** Images whose tables would lie in the header. */
import { pokeU32, pokeU64 } from '../qcow2-builder.ts';
import { type DamagedImage, damaged } from './parts.ts';

/** Header fields of tables that hold 0, so that the header's own bytes would be the table. */
export const AT_HEADER: readonly DamagedImage[] = [
  damaged(
    'C-30 refcount table at 0',
    'the header has 0 for the offset of the refcount table',
    [
      'QCOW2_COPIED_SET < QCOW2_REFCOUNT_TABLE',
      'QCOW2_REFCOUNT_TABLE',
      'QCOW2_REFCOUNT_ZERO < QCOW2_REFCOUNT_TABLE',
    ],
    image => pokeU64(image.source.fd, 48, 0n),
  ),
  damaged(
    'C-30 L1 table at 0',
    'the header has 0 for the offset of the L1 table',
    [
      'QCOW2_L1_TABLE',
      'QCOW2_LEAKED < QCOW2_L1_TABLE',
      'QCOW2_LIKELY_CAUSE < QCOW2_L1_TABLE',
      'QCOW2_ORPHAN_TABLE < QCOW2_L1_TABLE',
    ],
    image => pokeU64(image.source.fd, 40, 0n),
  ),
  damaged(
    'C-30 snapshot table at 0',
    'the header counts a snapshot and has 0 for the offset of their table',
    ['QCOW2_REFCOUNT_LOW < QCOW2_SNAPSHOT_TABLE', 'QCOW2_SNAPSHOT_TABLE'],
    image => pokeU32(image.source.fd, 60, 1),
  ),
];
