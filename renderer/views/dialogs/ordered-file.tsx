import { formatSize } from '../../../shared/text/offset.ts';
import { Icon } from '../../ui/icon.tsx';
import { Untrusted } from '../../ui/text.tsx';
import { linkSentence, nameOf, type RecordedOrder } from './recorded-order.ts';

interface OrderedFileProps {
  readonly file: string;
  /** Its place in the order, 0 for the base. */
  readonly at: number;
  readonly order: readonly string[];
  /** What the files record, once it is read. */
  readonly recorded: RecordedOrder | undefined;
  readonly onMove: (step: 1 | -1) => void;
  readonly onLeaveOut: () => void;
}

/** One file of the chain to be opened: its name, what it records, and buttons that move it or leave it out. */
export function OrderedFile({ file, at, order, recorded, onMove, onLeaveOut }: OrderedFileProps) {
  return (
    <li>
      <span className="number">{at}</span>
      <span className="order-layers-name">
        <strong>{nameOf(file)}</strong>
        <small>
          {roleOf(at, order.length)}
          <Untrusted text={file.replace(/[/\\][^/\\]*$/, '')} />
        </small>
        {recorded !== undefined && <FileFacts recorded={recorded} file={file} below={order[at - 1]} />}
      </span>
      <MoveButton file={file} icon="up" disabled={at === 0} onMove={() => onMove(-1)} />
      <MoveButton file={file} icon="down" disabled={at === order.length - 1} onMove={() => onMove(1)} />
      <button
        type="button"
        className="tool"
        aria-label={`Leave out ${nameOf(file)}`}
        disabled={order.length === 1}
        onClick={onLeaveOut}
      >
        <Icon name="close" />
      </button>
    </li>
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
