import { expect, it } from 'vitest';
import { openFileSystem } from '../../../../electron/guest/landmarks/open-file-system.ts';
import { btrfsPieces, xfsPieces } from '../../../support/guest/numbered-file-systems.ts';
import { readerOfPieces, VOLUME_SIZE } from '../../../support/guest/read-pieces.ts';

it('takes what has the marks of two file systems for none', () => {
  const pieces = [...xfsPieces(0, VOLUME_SIZE, []), ...btrfsPieces(0, VOLUME_SIZE, [])];
  expect(openFileSystem(readerOfPieces(pieces))).toBeUndefined();
  expect(openFileSystem(readerOfPieces([]))).toBeUndefined();
});
