import { invoke } from '../bridge/bridge.ts';
import { openTarget } from '../state/chain/opening.ts';
import { getState, setState, useStore } from '../state/store.ts';
import { useFindingCounts } from '../ui/hooks/use-finding-counts.ts';
import { Icon } from '../ui/icon.tsx';
import { RecordedOrder } from '../views/dialogs/recorded-order.ts';

/** Says that the files were opened in another order than that of the links they record, and offers that one. */
export function OrderNotice() {
  const target = useStore(state => state.target);
  const counts = useFindingCounts();
  if (target?.kind !== 'files' || target.files.length < 2) return null;
  if (!counts.some(({ code }) => code === 'CHAIN_ORDER_DIFFERS')) return null;
  return (
    <section className="notice" aria-label="Order of the layers">
      <Icon name="warning" />
      <p>
        <b>Order differs from what the files record.</b> What is shown is the chain in the order you gave.
      </p>
      <button type="button" onClick={() => void openInRecordedOrder(target.files)}>
        Use recorded order
      </button>
    </section>
  );
}

/** Opens the files in the order of their links; where these do not join all of them, the person chooses. */
async function openInRecordedOrder(files: readonly string[]): Promise<void> {
  const reply = await invoke('store:arrange', { files });
  const [longest] = reply.ok ? new RecordedOrder(files, reply.value).chains : [];
  if (longest?.length === files.length)
    await openTarget({ kind: 'files', files: longest }, getState().consent);
  else setState({ dialog: { kind: 'orderLayers', files } });
}
