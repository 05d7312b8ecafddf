/** The checks of a chain's layers: in slices, so that other questions are answered meanwhile. What is found is logged. */
import { type CheckCost, type CheckReply, verdictOf } from '../../../shared/model/check.ts';
import type { Qcow2Image } from '../../qcow2/read/image.ts';
import { runInSlices } from '../../qcow2/read/sliced-work.ts';
import type { ImageSource } from '../../qcow2/read/source.ts';
import type { FindingLog } from '../findings/finding-log.ts';
import type { ChainTables } from '../tables/chain-tables.ts';
import type { StoredLayer } from '../tables/stored-layer.ts';
import { layerOf } from './check-choice.ts';
import type { Superseded } from './page-loop.ts';

/** Checks layers one at a time. */
export class LayerChecks {
  readonly #tables: ChainTables;
  readonly #findings: FindingLog;
  #bytesRead = 0;
  #stops = 0;

  constructor(tables: ChainTables, findings: FindingLog) {
    this.#tables = tables;
    this.#findings = findings;
  }

  /** Bytes of tables that the check which began last has read. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Ends the check that is running, which rejects with CANCELLED. */
  stop(): void {
    this.#stops++;
  }

  /** What a check of a layer reads. Rejects with CANCELLED once `superseded`. */
  async costOf(layer: number, superseded: Superseded): Promise<CheckCost> {
    const { metadata } = this.#checkable(layer);
    if (metadata === undefined) return { bytes: 0 };
    const { tableBytes } = await import('../../qcow2/layout/table-bytes.ts');
    return { bytes: await runInSlices(tableBytes(metadata.image), superseded) };
  }

  /** Checks a layer. Rejects with CANCELLED once `superseded`, or stopped. */
  async check(layer: number, superseded: Superseded): Promise<CheckReply> {
    const { metadata, why } = this.#checkable(layer);
    if (metadata === undefined) return { checked: false, why };
    const { image, map } = metadata;
    const dataFile = map.rules.dataFile ? map.dataSource : undefined;
    const stops = this.#stops;
    this.#bytesRead = 0;
    const { checkImage } = await import('../../qcow2/check/engine.ts'); // loaded when something is checked
    const isOver = () => superseded() || stops !== this.#stops;
    const work = checkImage(this.#counted(image), { layer, dataFile });
    const { steps, counts, findings, places } = await runInSlices(work, isOver);
    this.#findings.setChecked(layer, findings, places);
    const verdict = verdictOf(this.#findings.ofLayer(layer), steps, counts);
    return { checked: true, check: { layer, verdict, steps, ...(counts === undefined ? {} : { counts }) } };
  }

  /** The tables of a layer, or why they are not checked. */
  #checkable(layer: number): { readonly metadata: StoredLayer['metadata']; readonly why: string } {
    const { metadata, plan } = layerOf(this.#tables, layer);
    if (metadata === undefined) return { metadata, why: 'it is not read by its own tables' };
    return plan.metadata?.snapshotId === undefined
      ? { metadata, why: '' }
      : { metadata: undefined, why: 'an internal snapshot of it is shown, not the disk' };
  }

  /** The image, read through a source that counts. */
  #counted(image: Qcow2Image): Qcow2Image {
    const { source } = image;
    const { nextData } = source;
    const counting: ImageSource = {
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
    };
    return { ...image, source: counting };
  }
}
