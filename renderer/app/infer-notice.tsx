import type { OpenedChain } from '../../shared/model/chain.ts';
import { confidenceText } from '../../shared/model/inference.ts';
import type { LayerInfo } from '../../shared/model/layer.ts';
import type { OpenTarget } from '../../shared/model/target.ts';
import { formatSize } from '../../shared/text/offset.ts';
import { inferLayout } from '../state/chain/opening.ts';
import { useStore } from '../state/store.ts';
import { useFindingCounts } from '../ui/hooks/use-finding-counts.ts';
import { Icon } from '../ui/icon.tsx';
import { Untrusted } from '../ui/text.tsx';

const L1_DAMAGED = 'its L1 table is damaged';
const TABLES_LEFT = 'tables are left that its L1 table does not lead to';

/** Findings after which more of an image may be read than what its header and L1 table lead to, and what they say of it. */
const LOST: Readonly<Record<string, string>> = {
  CHAIN_HEADER_LOST: 'its header may be lost',
  QCOW2_L1_TABLE: L1_DAMAGED,
  QCOW2_L1_UNALIGNED: L1_DAMAGED,
  QCOW2_L1_READ_FAILED: 'its L1 table cannot be read',
  QCOW2_ORPHAN_TABLE: TABLES_LEFT,
  QCOW2_EMPTY_DISK_TABLES: TABLES_LEFT,
};

/** Tells that what is shown of a layer is inferred, because its header or L1 table is lost. */
export function InferredNotice({ chain }: { readonly chain: OpenedChain }) {
  const inferred = chain.chain.layers.find(isInferred);
  return inferred === undefined ? null : <Inferred layer={inferred} />;
}

/** Offers to infer the layout of an image, where what was found says that its header or L1 table may be lost. */
export function InferOffer({ chain }: { readonly chain: OpenedChain }) {
  const target = useStore(state => state.target);
  const counts = useFindingCounts();
  if (target?.kind !== 'files' || chain.chain.layers.some(isInferred)) return null;
  const count = counts.find(({ code }) => Object.hasOwn(LOST, code));
  const layer = count === undefined ? undefined : chain.chain.layers[count.layer];
  if (count === undefined || layer === undefined) return null;
  return <Offer layer={layer} target={target} where={LOST[count.code] ?? ''} />;
}

function isInferred({ inference }: LayerInfo): boolean {
  return inference !== undefined;
}

interface OfferProps {
  readonly layer: LayerInfo;
  readonly target: OpenTarget & { readonly kind: 'files' };
  /** What is lost of it. */
  readonly where: string;
}

function Offer({ layer, target, where }: OfferProps) {
  const { name, fileSize } = layer;
  return (
    <section className="notice" aria-label="Layout lost">
      <Icon name="warning" />
      <p>
        <b>
          <Untrusted text={name} max={80} />
        </b>
        : {where}.{' '}
        {target.infer === undefined
          ? `What is left may tell what it held. Nothing is written; all of the file (${formatSize(fileSize)}) is looked through.`
          : 'The file was looked through, and nothing else can be inferred of it.'}
      </p>
      {target.infer === undefined && (
        <button type="button" className="primary" onClick={() => inferLayout(1)}>
          Infer the layout
        </button>
      )}
    </section>
  );
}

/** Another reading can be chosen where there are several, and what the file itself says is a click away. */
function Inferred({ layer: { name, inference } }: { readonly layer: LayerInfo }) {
  if (inference === undefined) return null;
  const { lost, reading, readings, isPartial, tables } = inference;
  return (
    <section className="notice" aria-label="Inferred">
      <Icon name="warning" />
      <p>
        <b>Inferred, {confidenceText(inference)}:</b> the {lost} of <Untrusted text={name} max={80} /> is
        lost, and what is shown of it follows from its other tables.
        {tables !== undefined &&
          ` ${tables.placed} of ${tables.found} L2 tables that were found ${tables.placed === 1 ? 'has' : 'have'} a place on the disk.`}
        {isPartial && ' Ranges whose table is not known are shown as unreadable.'}
        {readings > 1 && ` This is reading ${reading} of ${readings}.`}
      </p>
      {readings > 1 && (
        <button type="button" onClick={() => inferLayout((reading % readings) + 1)}>
          Show reading {(reading % readings) + 1}
        </button>
      )}
      <button type="button" onClick={() => inferLayout(undefined)}>
        Show as it is stored
      </button>
    </section>
  );
}
