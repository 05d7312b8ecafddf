/** What a commit is planned from. */
import type { Allocation } from '../../../shared/model/allocation.ts';
import type { Finding } from '../../../shared/model/finding.ts';
import type { LayerInfo } from '../../../shared/model/layer.ts';
import type { OtherChild, Plan, PlanJob, PlannedQemu } from '../../../shared/model/plan/plan.ts';
import type { Qcow2Image } from '../../qcow2/read/image.ts';
import type { Qcow2Map } from '../../qcow2/read/map-state.ts';
import type { SlicedWork } from '../../qcow2/read/sliced-work.ts';
import type { ChainContent } from '../layers/chain-content.ts';
import type { OnPage } from '../layers/layer-runs.ts';
import type { TargetRoom } from '../target/file-room.ts';
import type { RangeSink } from '../target/target-model.ts';
import type { WriteRefusal } from '../target/write-refusal.ts';

/** A layer with its tables; without an image it is raw. */
export interface LayerTables {
  readonly info: LayerInfo;
  /** Its file is a block device, such as a volume of LVM. */
  readonly device?: boolean;
  readonly image?: Qcow2Image;
  /** A map with host offsets whose codes are kinds. */
  readonly map?: Qcow2Map;
  /** Called for each page of the map that is read, with the offset on the disk where it begins. */
  readonly onPage?: OnPage;
}

/** A commit of layers above `target` up to `top` into `target`. */
export interface CommitInput {
  /** Base first, complete. */
  readonly layers: readonly LayerTables[];
  readonly target: number;
  readonly top: number;
  readonly job: PlanJob;
  readonly qemu: PlannedQemu;
  /** A live or active commit gives host space of zeros back: the disk's option `discard=unmap`. */
  readonly unmaps: boolean;
  readonly qemuVersionSource: Plan['qemuVersionSource'];
  /**
   * Finds the layers in whose files qemu looks for holes, which no table tells of: host-holes.ts. There a live commit may
   * take data for zeros, and other jobs may send a request in several parts. Reads all their tables.
   */
  readonly findHostHoles: () => SlicedWork<ReadonlySet<number>>;
  /** What is read through the layers, for holes among their data; where it is not known, all data may be holes. */
  readonly content?: ChainContent;
  /** What is free where the target's files lie. */
  readonly room: TargetRoom;
  /** By layer, its file that the system does not let this user write to; nothing for a chain that is not here. */
  readonly refusals: readonly (WriteRefusal | undefined)[];
  /** How the target uses its file; absent for a raw target. */
  readonly allocation?: Allocation;
  /** Other images that rest on files of the chain, as far as they were looked for. */
  readonly children: readonly OtherChild[];
  /** What is known to be wrong with the chain; asked for once all tables that matter were read. */
  readonly findings: () => readonly Finding[];
  /** Also list what happens to every range of the target. */
  readonly withRanges?: boolean;
  /** Called for every range of the target, in ascending order and without gaps. */
  readonly onRange?: RangeSink;
}
