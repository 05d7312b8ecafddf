/** The next safe steps that several rules give. What keeps the evidence comes first. */

/** Where data may be lost by the next write. */
export const KEEP_EVIDENCE =
  'do not start the machine and write nothing to the image: copy the file first, and try repairs on the copy';
/** Where only space is wasted. */
export const LEAK_ADVICE =
  'nothing is lost; where other damage is listed, look at that first: `qemu-img check -r leaks` frees such clusters, and what a lost table held is among them';
