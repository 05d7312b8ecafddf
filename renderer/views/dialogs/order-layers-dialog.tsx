import { useEffect, useState } from 'react';
import type { ErrorRecord } from '../../../shared/error.ts';
import { asSentence } from '../../../shared/text/finding-text.ts';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';
import { invoke } from '../../bridge/bridge.ts';
import { openTarget } from '../../state/chain/opening.ts';
import { closeDialog, DialogFrame } from '../../ui/dialog.tsx';
import { OrderedFile } from './ordered-file.tsx';
import { nameOf, RecordedOrder } from './recorded-order.ts';

/**
 * Orders several dropped files into a chain, base first, before it is opened: by the links that they record, where those
 * join all of them.
 */
export function OrderLayersDialog({ files }: { readonly files: readonly string[] }) {
  const [order, setOrder] = useState(files);
  const [recorded, setRecorded] = useState<RecordedOrder>();
  const [error, setError] = useState<ErrorRecord>();
  const [isAwaited, setAwaited] = useState(false);
  const isRead = recorded !== undefined || error !== undefined;
  useEffect(() => {
    let isCurrent = true;
    void invoke('store:arrange', { files }).then(reply => {
      if (!isCurrent) return;
      if (!reply.ok) return setError(reply.error);
      const read = new RecordedOrder(files, reply.value);
      setRecorded(read);
      const [longest = []] = read.chains;
      // Nothing is left out unasked: where the links do not join all files, the person chooses.
      // Neither is what the person has moved meanwhile moved back.
      if (longest.length === files.length) setOrder(current => (current === files ? longest : current));
    });
    return () => {
      isCurrent = false;
    };
  }, [files]);
  useEffect(() => {
    if (!isAwaited || !isRead) return;
    setAwaited(false);
    if (recorded?.isFollowedBy(order) === true) void openTarget({ kind: 'files', files: order });
  }, [isAwaited, isRead, recorded, order]);
  /** Opens what the person has seen: not the order of the drop, before the links are read that may change it. */
  const open = () => {
    if (isRead || order !== files) void openTarget({ kind: 'files', files: order });
    else setAwaited(true);
  };
  const move = (from: number, step: number) => {
    const next = [...order];
    const [file] = next.splice(from, 1);
    if (file !== undefined) next.splice(from + step, 0, file);
    setOrder(next);
  };
  return (
    <DialogFrame title="Arrange the chain" className="order-layers">
      <p>These files become one chain, base first. They open in this order, whatever links they record.</p>
      {error !== undefined && (
        <p className="order-layers-warning">{escapeUntrusted(asSentence(error.what), 500)}</p>
      )}
      {recorded !== undefined && (
        <RecordedChains recorded={recorded} files={files} order={order} onChoose={setOrder} />
      )}
      <ol className="order-layers-list">
        {order.map((file, at) => (
          <OrderedFile
            key={file}
            file={file}
            at={at}
            order={order}
            recorded={recorded}
            onMove={step => move(at, step)}
            onLeaveOut={() => setOrder(order.filter(other => other !== file))}
          />
        ))}
      </ol>
      <footer>
        <button type="button" onClick={closeDialog}>
          Cancel
        </button>
        <button type="button" className="primary" data-initial-focus onClick={open}>
          {isAwaited
            ? 'Reading the links…'
            : `Open ${order.length === 1 ? 'file' : `${order.length} layers`}`}
        </button>
      </footer>
    </DialogFrame>
  );
}

interface RecordedChainsProps {
  readonly recorded: RecordedOrder;
  readonly files: readonly string[];
  readonly order: readonly string[];
  readonly onChoose: (order: readonly string[]) => void;
}

/** Whether the order is that of the links, and the chains that the links make where it is not, or where there are several. */
function RecordedChains({ recorded, files, order, onChoose }: RecordedChainsProps) {
  const { chains, loops } = recorded;
  const followed = recorded.isFollowedBy(order);
  const left = files.filter(file => !order.includes(file));
  const others = chains.filter(chain => chain.join('\0') !== order.join('\0'));
  return (
    <>
      {loops.map(loop => (
        <p key={loop.join('\0')} className="order-layers-warning">
          These rest on each other in a loop: {loop.map(nameOf).join(', ')}
        </p>
      ))}
      {chains.length === 0 && files.length > 1 && (
        <p className="order-layers-warning">None of these files records another one as its backing file.</p>
      )}
      {!followed && chains.length > 0 && (
        <p className="order-layers-warning">This is not the order of the links that the files record.</p>
      )}
      {left.length > 0 && <p>Not part of this chain: {left.map(nameOf).join(', ')}</p>}
      {others.map(chain => (
        <button
          key={chain.join('\0')}
          type="button"
          className="order-layers-chain"
          onClick={() => onChoose(chain)}
        >
          {chains.length === 1
            ? 'Use recorded order'
            : `Use the chain of ${nameOf(chain.at(-1) ?? '')}: ${chain.map(nameOf).join(' ← ')}`}
        </button>
      ))}
    </>
  );
}
