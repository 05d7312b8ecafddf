import { useEffect, useState } from 'react';
import type { ErrorRecord } from '../../../shared/error.ts';
import { sentence } from '../../../shared/text/finding-text.ts';
import { formatSize } from '../../../shared/text/offset.ts';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';
import { invoke } from '../../bridge/bridge.ts';
import { openTarget } from '../../state/chain/opening.ts';
import { closeDialog, DialogFrame } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Untrusted } from '../../ui/text.tsx';
import { linkSentence, RecordedOrder } from './recorded-order.ts';

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
        <p className="order-layers-warning">{escapeUntrusted(sentence(error.what), 500)}</p>
      )}
      {recorded !== undefined && (
        <RecordedChains recorded={recorded} files={files} order={order} onChoose={setOrder} />
      )}
      <ol className="order-layers-list">
        {order.map((file, at) => (
          <li key={file}>
            <span className="number">{at}</span>
            <span className="order-layers-name">
              <strong>{nameOf(file)}</strong>
              <small>
                {roleOf(at, order.length)}
                <Untrusted text={file.replace(/[/\\][^/\\]*$/, '')} />
              </small>
              {recorded !== undefined && <FileFacts recorded={recorded} file={file} below={order[at - 1]} />}
            </span>
            <MoveButton file={file} icon="up" disabled={at === 0} onMove={() => move(at, -1)} />
            <MoveButton
              file={file}
              icon="down"
              disabled={at === order.length - 1}
              onMove={() => move(at, 1)}
            />
            <button
              type="button"
              className="tool"
              aria-label={`Leave out ${nameOf(file)}`}
              disabled={order.length === 1}
              onClick={() => setOrder(order.filter(other => other !== file))}
            >
              <Icon name="close" />
            </button>
          </li>
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

interface FileFactsProps {
  readonly recorded: RecordedOrder;
  readonly file: string;
  readonly below: string | undefined;
}

/** Format and size of a file, and whether it records the one below it. */
function FileFacts({ recorded, file, below }: FileFactsProps) {
  const image = recorded.imageOf(file);
  const { text, isContradiction } = linkSentence(recorded, file, below);
  const facts =
    image === undefined ? [] : [image.format, ...(image.size < 0 ? [] : [formatSize(image.size)])];
  return (
    <small data-contradiction={isContradiction}>
      {facts.map(fact => `${fact} · `)}
      <Untrusted text={text} />
    </small>
  );
}

/** The file's name, safe to show. */
function nameOf(path: string): string {
  return escapeUntrusted(path.replace(/^.*[/\\]/, ''));
}

function roleOf(at: number, count: number): string {
  if (at === 0) return 'base · ';
  return at === count - 1 ? 'top · ' : '';
}

interface MoveButtonProps {
  readonly file: string;
  readonly icon: 'up' | 'down';
  readonly disabled: boolean;
  readonly onMove: () => void;
}

function MoveButton({ file, icon, disabled, onMove }: MoveButtonProps) {
  const label = `Move ${nameOf(file)} ${icon === 'up' ? 'towards the base' : 'towards the top'}`;
  return (
    <button
      type="button"
      className="tool"
      aria-label={label}
      title={label}
      disabled={disabled}
      onClick={onMove}
    >
      <Icon name={icon} />
    </button>
  );
}
