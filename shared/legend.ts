/** States in words: short for lists and legends, whole sentences for help. One place, so that all fronts say the same. */
import type { ExtentState } from './extent/flags.ts';

/** How a state is called where there is little room. */
export const STATE_LABELS: Readonly<Record<ExtentState, string>> = {
  data: 'data',
  compressed: 'compressed',
  zeroAllocated: 'zero, space kept',
  zeroHole: 'zero',
  unallocated: 'unallocated',
  reserved: 'reserved',
  holeUnknown: 'hole, unknown',
  outOfRange: 'past the end',
  unread: 'not known',
  unreadable: 'unreadable',
};

/** What a state means, as a legend explains it. */
export const STATE_MEANINGS: Readonly<Record<ExtentState, string>> = {
  data: 'Data here',
  compressed: 'Compressed here',
  zeroAllocated: 'Reads zero, host space kept',
  zeroHole: 'Reads zero, no host space, still hides layers below',
  unallocated: 'Falls through to the layer below',
  reserved: 'Host space kept, content from below',
  holeUnknown: 'A hole whose content is not known',
  outOfRange: 'Past the end of this smaller image',
  unread: 'Not read yet, or hidden and so not known',
  unreadable: 'Could not be read',
};
