/** The track of differences: every relation is drawn and named as itself. */
import { describe, expect, it } from 'vitest';
import type { Relation } from '../../../../shared/compare/differences.ts';
import { RELATION_FLAGS } from '../../../../shared/compare/relation-flags.ts';
import { RELATION_LABELS } from '../../../../shared/compare/relation-labels.ts';
import { colorSetOf, contrastRatio } from '../../../../shared/draw/color-set.ts';
import { differenceColors } from '../../../../shared/draw/difference-colors.ts';
import { differenceLabels, relationOfPart } from '../../../../shared/draw/difference-labels.ts';
import { partColors } from '../../../../shared/draw/part-colors.ts';
import { partIndexOf } from '../../../../shared/extent/parts.ts';
import { DARK_PALETTE, LIGHT_PALETTE } from '../../../../shared/palette.ts';

const RELATIONS = Object.keys(RELATION_FLAGS) as Relation[];
const partOf = (relation: Relation) => partIndexOf(RELATION_FLAGS[relation]);

describe('the track of differences', () => {
  it('stands each relation for a different part, and back', () => {
    expect(new Set(RELATIONS.map(partOf)).size).toBe(RELATIONS.length);
    for (const relation of RELATIONS) expect(relationOfPart(partOf(relation))).toBe(relation);
  });

  it('writes the name of a relation on its runs, and a shorter one where there is less room', () => {
    for (const relation of RELATIONS) {
      const labels = differenceLabels({ part: partOf(relation) } as never);
      expect(labels[0]).toBe(RELATION_LABELS[relation].label);
    }
    expect(differenceLabels({ part: partOf('length') } as never)[1]).toBe('past one end');
  });

  it.each([
    ['light', LIGHT_PALETTE],
    ['dark', DARK_PALETTE],
  ])(
    'has a color for each relation that is drawn, and 3:1 of what differs with the lane, in %s',
    (_, palette) => {
      const colors = colorSetOf(palette);
      const differences = differenceColors(colors);
      const { bodies } = partColors(differences, []);
      const shown = RELATIONS.map(relation => bodies.plain[partOf(relation)]);
      expect(new Set(shown).size).toBe(RELATIONS.length);
      expect(contrastRatio(bodies.plain[partOf('content')]!, colors.lane)).toBeGreaterThanOrEqual(3);
      expect(differenceColors(colors)).toBe(differences);
    },
  );
});
