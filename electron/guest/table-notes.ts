/**
 * Notes about what is wrong with the guest's tables. All are of severity `note`: they are about what the guest wrote, and no
 * image file is the worse for it, so that they never change the verdict of a check.
 */
import { type Cause, type CausePlace, causeOf, FindingCollector } from '../../shared/finding-collector.ts';
import { type Finding, WHOLE_CHAIN } from '../../shared/model/finding.ts';

/** A cause whose guest ranges only name a place: nothing there is lost to the guest by this. */
function note(facts: Pick<Cause, 'code' | 'advice'> & { readonly what: string }): Cause {
  return causeOf({ ...facts, severity: 'note', risksData: false });
}

/** What is said where several places have one cause. */
function notes(facts: Pick<Cause, 'code' | 'advice' | 'what'>): Cause {
  return { ...facts, id: facts.code, severity: 'note', risksData: false };
}

const REWRITE =
  'from inside of the guest, with a backup at hand, let a partitioning program write both copies again';

/** `which` is `primary` or `backup`, `why` what is wrong with it. */
export function headerDamaged(which: string, why: string): Cause {
  return {
    ...note({
      code: 'GUEST_GPT_HEADER_DAMAGED',
      what: `the ${which} header of the guest's GPT cannot be used: ${why}`,
      advice: REWRITE,
    }),
    id: `GUEST_GPT_HEADER_DAMAGED ${which}`,
  };
}

/** The list of partitions of one copy. */
export function entriesDamaged(which: string, why: string): Cause {
  return {
    ...note({
      code: 'GUEST_GPT_ENTRIES_DAMAGED',
      what: `the ${which} list of partitions of the guest's GPT cannot be used: ${why}`,
      advice: REWRITE,
    }),
    id: `GUEST_GPT_ENTRIES_DAMAGED ${which}`,
  };
}

export const GPT_COPIES_DIFFER = note({
  code: 'GUEST_GPT_COPIES_DIFFER',
  what: "the two copies of the guest's GPT are whole and differ; the primary one is shown",
  advice: 'find out which one is newer before a program writes one over the other',
});

export const GPT_BACKUP_MISPLACED = note({
  code: 'GUEST_GPT_BACKUP_MISPLACED',
  what: "the backup of the guest's GPT does not lie in the last sector of the disk: the disk was resized, or copied to one of another size",
  advice: 'from inside of the guest, let a partitioning program move it to the end',
});

export const NO_PROTECTIVE_MBR = note({
  code: 'GUEST_GPT_NO_PROTECTIVE_MBR',
  what: 'the guest has a GPT and no protective master boot record, so that Linux and Windows take the disk for an empty one',
  advice: 'from inside of the guest, let a partitioning program write the GPT again',
});

export const GPT_IGNORED = note({
  code: 'GUEST_GPT_IGNORED',
  what: "a GPT lies on the guest's disk and is not used: a master boot record that does not announce it divides the disk, or a file system has all of it",
  advice: 'nothing has to be done; wipefs in the guest shows and removes what is left of the GPT',
});

export const HYBRID_MBR = note({
  code: 'GUEST_GPT_HYBRID_MBR',
  what: "the guest's master boot record names partitions beside its GPT (a hybrid): the GPT is shown, and old programs see the other list",
  advice: 'nothing has to be done where this was made on purpose, as for a bootable ISO image',
});

export const PARTITIONS_OVERLAP = notes({
  code: 'GUEST_PARTITIONS_OVERLAP',
  what: count => `${count} of the guest's partitions begin${count === 1 ? 's' : ''} inside of another one`,
  advice: 'do not write to either of them before it is known which one is right',
});

export const PARTITION_PAST_END = notes({
  code: 'GUEST_PARTITION_PAST_END',
  what: count =>
    `${count} of the guest's partitions end${count === 1 ? 's' : ''} past the end of the disk: the disk was cut, or the table is that of a larger one`,
  advice: 'compare the size of the disk with that of its origin before the guest writes to it',
});

export const PARTITION_INVALID = notes({
  code: 'GUEST_PARTITION_INVALID',
  what: count =>
    `${count} entr${count === 1 ? 'y' : 'ies'} of the guest's partition table name${count === 1 ? 's' : ''} no range that a partition may have, and ${count === 1 ? 'is' : 'are'} not shown`,
  advice: 'look at the table from inside of the guest',
});

/** `why` says where the chain of extended boot records breaks. */
export function chainBroken(why: string): Cause {
  return note({
    code: 'GUEST_EBR_BROKEN',
    what: `the list of logical partitions of the guest's master boot record breaks off: ${why}; what would follow is not known`,
    advice: 'look for the missing partitions by their content, with a copy of the disk',
  });
}

export const PARTITIONS_TOO_MANY = notes({
  code: 'GUEST_PARTITIONS_TOO_MANY',
  what: count => `${count} more of the guest's partitions ${count === 1 ? 'is' : 'are'} not shown`,
  advice: 'Linux shows no more of one disk, either',
});

export const FILE_SYSTEM_TOO_LARGE = notes({
  code: 'GUEST_FILE_SYSTEM_TOO_LARGE',
  what: count =>
    `${count} of the guest's file systems say${count === 1 ? 's' : ''} that ${count === 1 ? 'it is' : 'they are'} larger than the range in which ${count === 1 ? 'it lies' : 'they lie'}`,
  advice:
    'the disk or the partition was cut, or the table is not that of this disk: do not let the guest write to it',
});

export const GUEST_NOT_READ = notes({
  code: 'GUEST_NOT_READ',
  what: count =>
    `${count} place${count === 1 ? '' : 's'} of the disk where partition tables or signatures lie could not be read, so that what is shown of the guest may be incomplete`,
  advice:
    'see whether every file of the chain is there and what cowscope check says of it, or whether the NBD server still answers; of an encrypted image or a capture it cannot be read here',
});

/** The notes about one disk. */
export class TableNotes {
  readonly #found = new FindingCollector(WHOLE_CHAIN);

  /** Adds a place of a cause; `proof` says what was read there. */
  add(
    cause: Cause,
    place: Omit<CausePlace, 'evidence'> & { readonly proof?: readonly [string, string] } = {},
  ): void {
    const { proof, ...rest } = place;
    const evidence = proof === undefined ? undefined : { source: proof[0], value: proof[1], bits: '' };
    this.#found.add(cause, { ...rest, ...(evidence === undefined ? {} : { evidence }) });
  }

  list(): readonly Finding[] {
    return this.#found.list();
  }
}
