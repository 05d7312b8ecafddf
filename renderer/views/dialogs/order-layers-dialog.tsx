import { useState } from 'react';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';
import { openTarget } from '../../state/chain/opening.ts';
import { closeDialog, DialogFrame } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Untrusted } from '../../ui/text.tsx';

/** Orders several dropped files into a chain, base first, before it is opened. */
export function OrderLayersDialog({ files }: { readonly files: readonly string[] }) {
  const [order, setOrder] = useState(files);
  const move = (from: number, step: number) => {
    const next = [...order];
    const [file] = next.splice(from, 1);
    if (file !== undefined) next.splice(from + step, 0, file);
    setOrder(next);
  };
  return (
    <DialogFrame title="Arrange the chain" className="order-layers">
      <p>
        These files become one chain, base first. They open in this order, whatever links the files record.
      </p>
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
        <button
          type="button"
          className="primary"
          data-initial-focus
          onClick={() => void openTarget({ kind: 'files', files: order })}
        >
          Open {order.length === 1 ? 'file' : `${order.length} layers`}
        </button>
      </footer>
    </DialogFrame>
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
