/** The examples of the guide print and draw what its pages show. `node build/docs/guide.mjs` writes them again. */
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { PAGES, pagePath, picturePath, runPage } from '../../build/docs/guide.mjs';

it.each(PAGES)('%s shows what its examples print, and the pictures that they draw', async page => {
  const { text, pictures } = runPage(page);
  const shown = await readFile(pagePath(page), 'utf8');
  expect(text.match(/^\$ /gm)?.length).toBeGreaterThan(10);
  expect(text).toBe(shown);
  for (const [name, svg] of pictures) {
    expect(svg).toBe(await readFile(picturePath(name), 'utf8'));
    expect(shown).toContain(`](../images/guide/${name})`);
  }
  const named = [...shown.matchAll(/\]\(\.\.\/images\/guide\/([^)]+)\)/g)].map(match => match[1]);
  expect(named.toSorted()).toEqual([...pictures.keys()].toSorted());
});
