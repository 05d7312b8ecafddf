/** Pictures of a file, drawn with the colors of the theme. */
import type { ColorSet } from '../../../shared/draw/color-set.ts';
import { type HostColor, hostColors } from '../../../shared/draw/host/host-colors.ts';
import { createHostStrip, type HostStrip, hostStripFromRuns } from '../../../shared/draw/host/host-strip.ts';
import { paintHost } from '../../../shared/draw/host/paint-host.ts';
import { SWATCH_PX } from '../../../shared/draw/paint-swatch.ts';
import { HOST_KINDS, type HostKind } from '../../../shared/model/layout.ts';
import type { Viewport } from '../../axis/viewport.ts';
import { createImageSurface, type ImageSurface } from '../../canvas/image-surface.ts';
import { laneTextMasks } from '../../canvas/text-masks.ts';
import { readHostStrip } from '../../data/read-host-strip.ts';
import { dataOf } from '../../state/axes/axis-data.ts';

/** The colors of the kinds, where only the highlighted ones are in full color. */
export function kindColors(colorSet: ColorSet, highlighted: ReadonlySet<HostKind>): HostColor[] {
  return hostColors(
    colorSet,
    HOST_KINDS.map(kind => highlighted.size > 0 && !highlighted.has(kind)),
  );
}

/** A picture of a size, and the strip that is drawn into it. */
export interface HostPicture extends ImageSurface {
  readonly strip: HostStrip;
  readonly unit: number;
}

/** An empty picture of a size in device pixels. */
export function createHostPicture(size: { readonly width: number; readonly height: number }): HostPicture {
  const unit = Math.max(1, Math.round(devicePixelRatio));
  return { ...createImageSurface(size, unit, laneTextMasks(unit)), strip: createHostStrip(size.width), unit };
}

/** Draws a part of the file that is shown, from what is loaded of it. */
export function drawHost(
  { surface, strip, unit }: HostPicture,
  view: Viewport,
  colors: readonly HostColor[],
  colorSet: ColorSet,
  lettered: boolean,
): void {
  const { loader } = dataOf('host');
  if (loader !== undefined) readHostStrip(strip, view, loader);
  else strip.shares.fill(0);
  const phase = Math.round((view.start / (view.end - view.start)) * surface.width);
  paintHost(surface, strip, { colors, lane: colorSet.lane, unit, lettered, phase });
}

/** The small picture of a kind, with its letter. */
export function hostSwatch(kind: HostKind, colorSet: ColorSet): ImageData {
  const unit = Math.max(1, Math.round(devicePixelRatio));
  const picture = createHostPicture({ width: SWATCH_PX.width * unit, height: SWATCH_PX.height * unit });
  const { surface, strip, image } = picture;
  const kinds = Uint8Array.of(HOST_KINDS.indexOf(kind));
  hostStripFromRuns(strip, { track: 0, starts: Float64Array.of(0), kinds }, 1, { start: 0, end: 1 });
  paintHost(surface, strip, {
    colors: hostColors(colorSet),
    lane: colorSet.lane,
    unit,
    lettered: true,
    phase: 0,
  });
  return image;
}
