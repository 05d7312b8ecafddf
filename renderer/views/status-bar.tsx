import { useCallback, useRef } from 'react';
import type { LayerProgress, OpenedChain } from '../../shared/ipc/contract.ts';
import { formatCount, formatOffset, formatSize } from '../../shared/offset.ts';
import { escapeUntrusted } from '../../shared/untrusted-text.ts';
import { runCommand } from '../state/commands.ts';
import { isRemote } from '../state/legend-keys.ts';
import { now, set, useStore } from '../state/store.ts';
import { bytesPerPx } from '../state/viewport.ts';
import { Untrusted } from './text.tsx';
import { usePainter } from './use-painter.ts';

/** Cursor, zoom, what is being read, and how much was found. */
export function StatusBar({ chain }: { readonly chain: OpenedChain }) {
  const hover = useStore(state => state.hover?.offset);
  const selected = useStore(state => state.selection?.offset);
  const progress = useStore(state => state.progress);
  const found = useStore(state => state.findings.length + state.moreFindings);
  const message = useStore(state => state.message);
  const zoom = useRef<HTMLSpanElement>(null);
  const paint = useCallback(() => {
    const { viewport, width } = now();
    const bytes = bytesPerPx(viewport, width);
    const text = `${formatSize(bytes < 1 ? Number(bytes.toFixed(2)) : Math.round(bytes))}/px`;
    if (zoom.current !== null && zoom.current.textContent !== text) zoom.current.textContent = text;
  }, []);
  usePainter(paint);
  const reading = progress.filter(({ phase }) => phase === 'reading' || phase === 'waiting');
  const stopped = progress.some(({ phase }) => phase === 'cancelled');
  const failed = progress.some(({ phase }) => phase === 'failed');
  const at = hover ?? selected;
  return (
    <footer className="status-bar">
      <span
        className="status-cursor mono"
        title={hover === undefined ? 'Selected offset' : 'Offset under the pointer'}
      >
        {at === undefined ? '' : formatOffset(at)}
      </span>
      <span ref={zoom} title="Bytes in one pixel" />
      {message !== '' && <span className="status-message">{escapeUntrusted(message)}</span>}
      {reading.length > 0 && (
        <span className="status-reading">
          <span>
            <Reading reading={reading} chain={chain} />
          </span>
          <button type="button" className="quiet" onClick={() => runCommand('cancel')}>
            Cancel
          </button>
        </span>
      )}
      {reading.length === 0 && (stopped || failed) && (
        <span className="status-reading">
          <span>Reading {stopped ? 'stopped' : 'failed'}: what was not read stays unknown</span>
          <button type="button" className="quiet" onClick={() => runCommand('retry')}>
            {stopped ? 'Continue reading' : 'Retry'}
          </button>
        </span>
      )}
      <span className="spacer" />
      <button
        type="button"
        className="quiet"
        disabled={found === 0}
        onClick={() => set({ inspectorOpen: true, selection: undefined, inspection: undefined })}
      >
        {found === 0
          ? isRemote(chain)
            ? 'No findings'
            : 'No damage seen'
          : `${formatCount(found)} ${found === 1 ? 'finding' : 'findings'}`}
      </button>
    </footer>
  );
}

function Reading({
  reading,
  chain,
}: {
  readonly reading: readonly LayerProgress[];
  readonly chain: OpenedChain;
}) {
  const [first] = reading.filter(({ phase }) => phase === 'reading');
  if (first === undefined) return 'Waiting to read';
  const percent = first.total === 0 ? 0 : Math.floor((first.covered / first.total) * 100);
  const rest = reading.length - 1;
  return (
    <>
      Reading <Untrusted text={chain.chain.layers[first.layer]?.name ?? ''} max={40} /> ({first.witness}){' '}
      {percent} %{rest > 0 && `, ${rest} more`}
    </>
  );
}
