/** The checks of a chain's layers: in slices, so that other questions are answered meanwhile. What is found is logged. */
import { type CheckCost, type CheckReply, verdictOfCheck } from '../../../shared/model/check.ts';
import { type Finding, isOpenForWriting } from '../../../shared/model/finding.ts';
import type { DeepOptions } from '../../qcow2/check/deep.ts';
import { type Compression, compressionOf } from '../../qcow2/format/compressed.ts';
import type { Qcow2Image } from '../../qcow2/read/image.ts';
import { runInSlices } from '../../qcow2/read/sliced-work.ts';
import { type ImageSource, sizeNow } from '../../qcow2/read/source.ts';
import type { FindingLog } from '../findings/finding-log.ts';
import type { ChainTables } from '../tables/chain-tables.ts';
import type { StoredLayer } from '../tables/stored-layer.ts';
import { layerOf } from './check-choice.ts';
import type { Superseded } from './page-loop.ts';

/** Loads the decompressor for the deep check of an image with this compression; undefined where the compression is not known. */
export type LoadDeepOptions = (compression: Compression | undefined) => Promise<DeepOptions>;

/** Where nothing can be decompressed: data is read, and streams are not looked into. */
export const NO_DECOMPRESSION: LoadDeepOptions = async () => ({ tryDecompress: undefined });

/** The tables of a layer, or the end of the sentence "not checked: …" and whether there would be some to check. */
interface Checkable {
  readonly metadata: StoredLayer['metadata'];
  readonly why: string;
  readonly missing: boolean;
}

/** Checks layers one at a time. */
export class LayerChecks {
  readonly #tables: ChainTables;
  readonly #findings: FindingLog;
  readonly #deepOptions: LoadDeepOptions;
  #bytesRead = 0;
  #stops = 0;

  constructor(tables: ChainTables, findings: FindingLog, deepOptions: LoadDeepOptions) {
    this.#tables = tables;
    this.#findings = findings;
    this.#deepOptions = deepOptions;
  }

  /** Bytes that the check which began last has read: of tables, and of all data where it is deep. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Ends the check that is running, which rejects with CANCELLED. */
  stop(): void {
    this.#stops++;
  }

  /** What is true once {@link stop} is called from now on, or `superseded` is true. */
  untilStopped(superseded: Superseded): Superseded {
    const stops = this.#stops;
    return () => superseded() || stops !== this.#stops;
  }

  /** What a check of a layer reads. Rejects with CANCELLED once `superseded`. */
  async costOf(layer: number, isDeep: boolean, superseded: Superseded): Promise<CheckCost> {
    const { metadata } = this.#checkable(layer);
    if (metadata === undefined) return { bytes: 0 };
    if (isDeep) {
      const { image, map } = metadata;
      const elsewhere = map.rules.dataFile ? map.dataSource : undefined;
      const ofData = elsewhere === undefined ? 0 : Math.min(bytesHeld(elsewhere), image.header.size);
      return { bytes: bytesHeld(image.source) + ofData };
    }
    const { tableBytes } = await import('../../qcow2/layout/table-bytes.ts');
    return { bytes: await runInSlices(tableBytes(metadata.image), superseded) };
  }

  /** Checks a layer; where `isDeep`, all its data too. Rejects with CANCELLED once `superseded`, or stopped. */
  async check(layer: number, isDeep: boolean, superseded: Superseded): Promise<CheckReply> {
    const { metadata, why, missing } = this.#checkable(layer);
    if (metadata === undefined) return { checked: false, why, missing };
    const { image, map } = metadata;
    const opened = map.rules.dataFile ? map.dataSource : undefined;
    const dataFile = opened === undefined ? undefined : this.#counted(opened);
    const isOver = this.untilStopped(superseded);
    this.#bytesRead = 0;
    const { checkImage } = await import('../../qcow2/check/engine.ts'); // loaded when something is checked
    const deep = isDeep ? await this.#deepOptions(compressionOf(image.header.compressionType)) : undefined;
    const counted: Qcow2Image = { ...image, source: this.#counted(image.source) };
    const isOpen = isOpenForWriting(this.#findings.ofLayer(layer));
    const work = checkImage(counted, { layer, dataFile, deep, isOpenForWriting: isOpen });
    const { steps, counts, qemuRefusal, findings, places } = await runInSlices(work, isOver);
    const shown = await this.#oldData(layer, findings, isOver);
    this.#findings.setChecked(layer, [...findings, ...shown], places);
    const verdict = verdictOfCheck(this.#findings.ofLayer(layer), steps, counts);
    return {
      checked: true,
      check: {
        layer,
        verdict,
        steps,
        ...(counts === undefined ? {} : { counts }),
        ...(qemuRefusal === undefined ? {} : { qemuRefusal }),
      },
    };
  }

  /** Data of lower layers that shows in place of what the layer lost. Loaded where a layer lost something. */
  async #oldData(layer: number, findings: readonly Finding[], isOver: Superseded): Promise<Finding[]> {
    const { layers, plan } = this.#tables;
    if (plan.baseMissing === true || !findings.some(({ code }) => code === 'QCOW2_L2_EMPTY')) return [];
    const { findOldData } = await import('../../chain/findings/old-data.ts');
    const chain = layers.map(({ plan: { title, size }, metadata }) => ({
      name: title,
      size,
      image: metadata?.image,
    }));
    return runInSlices(findOldData(chain, layer, findings), isOver);
  }

  /** The tables of a layer, or why they are not checked. */
  #checkable(layer: number): Checkable {
    const { metadata, plan } = layerOf(this.#tables, layer);
    if (metadata === undefined) {
      const isLost = this.#findings.ofLayer(layer).some(({ code }) => code === 'CHAIN_HEADER_LOST');
      return isLost
        ? { metadata, why: 'its header is lost', missing: true }
        : { metadata, why: 'it is not read by its own tables', missing: false };
    }
    return plan.metadata?.snapshotId === undefined
      ? { metadata, why: '', missing: false }
      : { metadata: undefined, why: 'an internal snapshot of it is shown, not the disk', missing: true };
  }

  /** The source with its reads counted. */
  #counted(source: ImageSource): ImageSource {
    const { nextData, heldUpTo } = source;
    return {
      path: source.path,
      size: source.size,
      readAt: (into, position) => {
        const got = source.readAt(into, position);
        this.#bytesRead += got;
        return got;
      },
      currentSize: () => source.currentSize(),
      bytesOnDisk: () => source.bytesOnDisk(),
      ...(nextData === undefined ? {} : { nextData: position => nextData.call(source, position) }),
      ...(heldUpTo === undefined ? {} : { heldUpTo: position => heldUpTo.call(source, position) }),
    };
  }
}

/** Bytes that a file holds on its disk; its length where that is not known. */
function bytesHeld(source: ImageSource): number {
  const onDisk = source.bytesOnDisk();
  return onDisk < 0 ? sizeNow(source) : onDisk;
}
