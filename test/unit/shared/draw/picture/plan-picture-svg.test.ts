/** The picture of a plan in a report: before, after, and where it is written, at the places of the plan. */
import { expect, test } from 'vitest';
import { planPictureSvg } from '../../../../../shared/draw/picture/plan-picture-svg.ts';
import { DARK_PALETTE, LIGHT_PALETTE } from '../../../../../shared/palette.ts';
import { goldenChain } from '../../../../support/window/fake-chain.ts';
import { fakePlan } from '../../../../support/window/fake-plan.ts';
import { elementsOf, parseXml } from '../../../../support/xml.ts';

function draw(palette: typeof LIGHT_PALETTE, exact = true) {
  const { info, tracks } = goldenChain();
  const { plan, picture } = fakePlan({ bytesCopiedExact: exact });
  if (picture === undefined) throw new Error('the plan of the tests has a picture');
  return planPictureSvg({ plan, picture, opened: { chain: info, tracks }, palette, idPrefix: 'plan' });
}

test('a picture of a plan has the lanes of both states and a bar over the half that is written', () => {
  const svg = draw(LIGHT_PALETTE);
  const surfaces = elementsOf(parseXml(svg)).filter(({ name, attributes }) => name === 'svg' && attributes.x);
  const lanes = surfaces.filter(({ attributes }) => attributes.width === '960');
  // The axis, both lanes, and the bar between them.
  expect(lanes.map(({ attributes }) => attributes.height)).toEqual(['24', '40', '12', '40']);
  const bar = elementsOf(lanes[2]!).filter(({ name }) => name === 'path');
  expect(bar.map(({ attributes }) => attributes.d)).toEqual(['M0 0h960v12h-960z', 'M480 0h480v12h-480z']);
  for (const text of ['Before', 'After', 'Written', '128 KiB']) expect(svg).toContain(text);
  expect(svg).toContain('<title>base.qcow2 before and after</title>');
});

test('a picture of bounds is labeled as one, and each theme has different colors', () => {
  expect(draw(LIGHT_PALETTE, false)).toContain('<title>base.qcow2 before and after, at most</title>');
  expect(draw(DARK_PALETTE)).not.toBe(draw(LIGHT_PALETTE));
});
