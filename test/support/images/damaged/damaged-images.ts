/**
 * One image for each kind of damage that a check must find, made by the builder and a few overwritten bytes. The ids are
 * those of the list of kinds that `qemu-img check` counts (C) and of those that it passes over (B).
 */
import { AT_HEADER } from './at-header.ts';
import { COUNTED } from './counted.ts';
import { INCIDENTS } from './incidents.ts';
import type { DamagedImage } from './parts.ts';
import { PASSED_OVER } from './passed-over.ts';

/** All of them. */
export const DAMAGED_IMAGES: readonly DamagedImage[] = [
  ...COUNTED,
  ...INCIDENTS,
  ...AT_HEADER,
  ...PASSED_OVER,
];
