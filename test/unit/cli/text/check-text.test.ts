/** What `cowscope check` prints of the numbers of `qemu-img check`. */
import { expect, it } from 'vitest';
import { checkText } from '../../../../electron/cli/text/check-text.ts';
import { checkDocument } from '../../../../electron/formats/check-json.ts';
import { checkTarget } from '../../../../electron/service/check-target.ts';
import { pokeU32 } from '../../../support/images/qcow2-builder.ts';
import { buildImage } from '../../../support/qcow2-reading.ts';

const SPEC = { size: 2 ** 20, clusters: [{ index: 0, kind: 'data' as const }] };

async function checked(path: string) {
  const consent = { allow: [], allowAll: true };
  const { chain, check } = await checkTarget({ kind: 'files', files: [path] }, consent);
  const line = checkText(chain, check)
    .split('\n')
    .find(text => text.includes('clusters allocated'));
  return { line, document: checkDocument(chain, check) };
}

it('says what qemu-img check counts of an image that it opens', async () => {
  const { line, document } = await checked(buildImage(SPEC).path);
  expect(line).toMatch(/^ {2}as qemu-img check counts: 0 corruptions, 0 leaks; 1 of 16 clusters allocated/);
  expect(document).not.toHaveProperty('qemu-refusal');
});

it('says in the words of qemu why qemu-img check counts nothing', async () => {
  const image = buildImage(SPEC);
  pokeU32(image.source.fd, 36, 0);
  const { line, document } = await checked(image.path);
  expect(line).toMatch(
    /^ {2}qemu-img check counts nothing of it \("L1 table is too small"\); by its rules: 0 corruptions, 3 leaks;/,
  );
  expect(document).toMatchObject({
    'qemu-refusal': 'L1 table is too small',
    layers: [{ 'qemu-refusal': 'L1 table is too small' }],
  });
});
