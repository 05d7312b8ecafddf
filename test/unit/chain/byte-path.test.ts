import { expect, test } from 'vitest';
import { fromBytes, nameNotes, toBytePath } from '../../../electron/chain/byte-path.ts';

test('a name in any script is shown as it is, without a note', () => {
  for (const name of ['диск.qcow2', '磁盘.qcow2', 'قرص.qcow2', 'дискÀÉ–“x”.qcow2', 'ディスク 😀.qcow2'])
    expect(nameNotes(toBytePath(`/images/${name}`)), name).toEqual([]);
});

test('controls, marks of direction and bytes that are not UTF-8 have a note', () => {
  const escaped = ['Its name holds characters that cannot be shown as they are.'];
  for (const name of ['a\u0007b', 'a\u0085b', 'evil\u202ecod.qcow2'])
    expect(nameNotes(toBytePath(`/images/${name}`))).toEqual(escaped);
  expect(nameNotes(fromBytes(Uint8Array.of(0x2f, 0x61, 0xff)))).toEqual([
    'Its name is not valid UTF-8: bytes that are not are shown as U+FFFD.',
  ]);
});
