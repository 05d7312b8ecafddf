import { useCallback, useRef } from 'react';
import type { OpenedChain } from '../../shared/model/chain.ts';
import { hasTables } from '../../shared/model/chain.ts';
import { type FindingSummary, worstSeverity } from '../../shared/model/finding.ts';
import type { LayerProgress } from '../../shared/model/progress.ts';
import { formatCount, formatOffset, formatSize } from '../../shared/text/offset.ts';
import { escapeUntrusted } from '../../shared/text/untrusted-text.ts';
import { bytesPerPx } from '../axis/scale.ts';
import type { CheckedLayer, RunningCheck } from '../state/chain/check-state.ts';
import { runCommand } from '../state/commands/commands.ts';
import { FINDINGS_VIEW } from '../state/findings-view.ts';
import { hoveredOffset } from '../state/selection/hovered-offset.ts';
import { getAxis, getState, useStore } from '../state/store.ts';
import { currentAxis, shownView, showView } from '../state/views.ts';
import { usePainter } from '../ui/hooks/use-painter.ts';
import { setText, Untrusted } from '../ui/text.tsx';

/** Zoom, offset at the pointer, progress of reading, and the number of findings. */
export function StatusBar({ chain }: { readonly chain: OpenedChain }) {
  const progress = useStore(state => state.progress);
  const findings = useStore(state => state.findings);
  const message = useStore(state => state.message);
  const cursor = useRef<HTMLSpanElement>(null);
  const zoom = useRef<HTMLSpanElement>(null);
  const paint = useCallback(() => {
    const { hover, selection, host } = getState();
    const axis = currentAxis();
    const { viewport, width, size } = getAxis(axis);
    const at = hoveredOffset() ?? (axis === 'host' ? host.chosen : selection)?.offset;
    setText(cursor.current, at === undefined ? '' : formatOffset(at));
    if (cursor.current !== null)
      cursor.current.title = hover === undefined ? 'Selected offset' : 'Offset under the pointer';
    const bytes = bytesPerPx(viewport, width);
    const isAlongAxis = shownView(getState())?.isList !== true && size > 0;
    setText(
      zoom.current,
      isAlongAxis ? `${formatSize(bytes < 1 ? Number(bytes.toFixed(2)) : Math.round(bytes))}/px` : '',
    );
  }, []);
  usePainter(paint);
  const reading = progress.filter(({ phase }) => phase === 'reading' || phase === 'waiting');
  const stopped = progress.some(({ phase }) => phase === 'cancelled');
  const failed = progress.some(({ phase }) => phase === 'failed');
  return (
    <footer className="status-bar">
      <span className="status-zoom" ref={zoom} title="Bytes in one pixel" />
      <span className="status-cursor mono" ref={cursor} />
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
          <span>{interruptedText(progress)}</span>
          {canRetry(progress) && (
            <button type="button" className="quiet" onClick={() => runCommand('retry')}>
              {stopped ? 'Continue reading' : 'Retry'}
            </button>
          )}
        </span>
      )}
      <span className="spacer" />
      {hasTables(chain) && <Check chain={chain} />}
      <button
        type="button"
        className="quiet"
        disabled={findings.total === 0}
        data-severity={worstSeverity(findings)}
        onClick={() => showView(FINDINGS_VIEW)}
      >
        {findingsText(findings, chain)}
      </button>
    </footer>
  );
}

/** Checks the images, and says what that came to. */
function Check({ chain }: { readonly chain: OpenedChain }) {
  const check = useStore(state => state.check);
  if (check.phase === 'running')
    return (
      <span className="status-reading">
        <span>
          <Checking check={check} chain={chain} />
        </span>
        <button type="button" className="quiet" onClick={() => runCommand('stop-check')}>
          Cancel
        </button>
      </span>
    );
  const cost =
    check.phase === 'none' && (check.bytes ?? 0) > 0
      ? ` (reads ${formatSize(check.bytes ?? 0)} of tables)`
      : '';
  const text =
    check.phase === 'done'
      ? `Checked${check.isDeep ? ' with all data' : ''}: ${check.verdict}`
      : `Check${cost}`;
  const isBare = ({ reply }: CheckedLayer) => !reply.checked && !reply.missing;
  const unchecked = check.phase === 'done' ? check.layers.filter(isBare).length : 0;
  const left =
    unchecked === 0
      ? ''
      : `; ${formatCount(unchecked)} ${unchecked === 1 ? 'layer has' : 'layers have'} no tables to check`;
  return (
    <button
      type="button"
      className="quiet"
      title={`Compares refcounts with references in every layer, and looks for lost tables in clusters that nothing refers to${left}`}
      onClick={() => runCommand('check')}
    >
      {text}
    </button>
  );
}

/** What a check is doing, and how far it is. */
function Checking({ check, chain }: { readonly check: RunningCheck; readonly chain: OpenedChain }) {
  if (check.isComparing) return 'Comparing with qemu-nbd';
  return (
    <>
      {check.isDeep ? 'Checking all data of' : 'Checking'}{' '}
      <Untrusted text={chain.chain.layers[check.layer]?.name ?? ''} max={40} />
      {check.done > 0 && ` · ${progressText(check)}`}
    </>
  );
}

/** How much a check has read, and how fast; some tables are read twice. */
function progressText({ done, bytes, rate, isDeep }: RunningCheck): string {
  const read =
    done <= bytes ? `${formatSize(done)} of about ${formatSize(bytes)}` : `${formatSize(done)} read`;
  return isDeep && rate > 0 ? `${read} · ${formatSize(rate)}/s` : read;
}

/** What it means that reading ended before everything was read. */
function interruptedText(progress: readonly LayerProgress[]): string {
  if (progress.some(({ phase }) => phase === 'cancelled'))
    return 'Reading stopped: what was not read stays unknown';
  const failed = progress.filter(({ phase }) => phase === 'failed');
  const isDrawn = ({ layer, witness }: LayerProgress) =>
    witness === 'nbd' && progress.some(other => other.layer === layer && other.witness === 'metadata');
  return failed.every(isDrawn)
    ? 'Not cross-checked by qemu-nbd'
    : 'Reading failed: what was not read stays unknown';
}

/** True where reading again can come to more: qemu-nbd does not get the key of an encrypted image by itself. */
function canRetry(progress: readonly LayerProgress[]): boolean {
  const isOpen = ({ phase, error }: LayerProgress) =>
    phase === 'cancelled' || (phase === 'failed' && error?.code !== 'QEMU_ENCRYPTED');
  return progress.some(isOpen);
}

/** How much was found and how bad the worst of it is. */
function findingsText(summary: FindingSummary, chain: OpenedChain): string {
  const { note } = summary.severities;
  const count = summary.total - note;
  const notes = note === 0 ? '' : ` · ${formatCount(note)} ${note === 1 ? 'note' : 'notes'}`;
  const incomplete = chain.chain.complete ? '' : 'Incomplete chain · ';
  if (count === 0) return `${incomplete}${hasTables(chain) ? 'No damage seen' : 'No findings'}${notes}`;
  return `${incomplete}${formatCount(count)} ${count === 1 ? 'finding' : 'findings'} · worst: ${worstSeverity(summary)}${notes}`;
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
