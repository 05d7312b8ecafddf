/** The drawing of a plan alone, as `cowscope plan --output svg` prints it. */
import { planPictureSvg } from '../../../shared/draw/picture/plan-picture-svg.ts';
import type { TrackInfo } from '../../../shared/model/track.ts';
import { LIGHT_PALETTE } from '../../../shared/palette.ts';
import { usageError } from '../cli-target.ts';
import type { PicturedPlan } from './plan-target.ts';

/** The target's disk before and after, as an SVG document. Throws USAGE for a plan that writes nothing to the disk. */
export function planSvg({ plan, picture, chain }: PicturedPlan): string {
  const { layer, path, sizeBefore: size } = plan.target;
  if (picture === undefined)
    throw usageError(
      'nothing of the disk is written, so there is nothing to draw',
      'leave --output out',
      path,
    );
  const title = plan.layers[layer]?.name ?? '';
  const track: TrackInfo = {
    id: 0,
    kind: 'layer',
    layer,
    depth: 0,
    title,
    size,
    witness: 'metadata',
    ownerKnown: true,
  };
  return planPictureSvg({
    plan,
    picture,
    opened: { chain, tracks: [track] },
    palette: LIGHT_PALETTE,
    idPrefix: 'plan',
  });
}
