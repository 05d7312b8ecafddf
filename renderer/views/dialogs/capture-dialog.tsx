import { type FormEvent, useEffect, useState } from 'react';
import type { ErrorRecord } from '../../../shared/error.ts';
import type { CaptureProgress, CaptureSummary } from '../../../shared/model/report/capture-summary.ts';
import { captureLines } from '../../../shared/text/capture-text.ts';
import { formatSize } from '../../../shared/text/offset.ts';
import { invoke, listenToPush } from '../../bridge/bridge.ts';
import { getState } from '../../state/store.ts';
import { closeDialog, DialogFrame } from '../../ui/dialog.tsx';
import { ErrorCard } from '../../ui/error-card.tsx';
import { Untrusted } from '../../ui/text.tsx';

/** Writes a capture of the open chain to a file, and says what is in it. */
export function CaptureDialog() {
  const [isRedacted, setRedacted] = useState(true);
  const [isSaving, setSaving] = useState(false);
  const [error, setError] = useState<ErrorRecord>();
  const [summary, setSummary] = useState<CaptureSummary>();
  // A closed dialog wants no capture.
  useEffect(() => () => void invoke('capture:cancel', undefined), []);

  const save = async (event: FormEvent) => {
    event.preventDefault();
    const sessionId = getState().chain?.sessionId;
    if (sessionId === undefined) return closeDialog();
    setSaving(true);
    setError(undefined);
    const saved = await invoke('capture:save', { sessionId, showPaths: !isRedacted });
    setSaving(false);
    if (saved.ok) setSummary(saved.value ?? undefined);
    else if (saved.error.code !== 'CANCELLED') setError(saved.error);
  };

  if (summary !== undefined) return <Written summary={summary} />;
  return (
    <DialogFrame title="Write a capture" className="report-dialog">
      <form onSubmit={event => void save(event)}>
        <p>
          One small file with the tables of every layer and nothing of the guest’s data. cowscope opens it on
          any machine as if it were the chain.
        </p>
        <fieldset disabled={isSaving}>
          <label>
            <input
              type="checkbox"
              checked={isRedacted}
              data-initial-focus
              onChange={event => setRedacted(event.target.checked)}
            />
            <span>Replace the names of files, snapshots and bitmaps by tokens.</span>
          </label>
        </fieldset>
        <p className="hint">The images are read again for it; nothing is written to them.</p>
        {error !== undefined && <ErrorCard error={error} />}
        <footer>
          {isSaving && <Progress />}
          {isSaving ? (
            <button type="button" onClick={() => void invoke('capture:cancel', undefined)}>
              Cancel
            </button>
          ) : (
            <button type="submit" className="primary">
              Save…
            </button>
          )}
        </footer>
      </form>
    </DialogFrame>
  );
}

/** What was captured and what was not. */
function Written({ summary }: { readonly summary: CaptureSummary }) {
  return (
    <DialogFrame title="The capture was written" className="report-dialog">
      {captureLines(summary).map(line => (
        <p key={line}>
          <Untrusted text={line} max={500} />
        </p>
      ))}
      <footer>
        <button type="button" className="primary" data-initial-focus onClick={closeDialog}>
          Close
        </button>
      </footer>
    </DialogFrame>
  );
}

/** How far the capture is. */
function Progress() {
  const [progress, setProgress] = useState<CaptureProgress>();
  useEffect(() => listenToPush('capture:progress', setProgress), []);
  if (progress === undefined) return <p role="status">Choose a file…</p>;
  const { layer, layers, bytes } = progress;
  return (
    <p role="status">
      Reading layer {layer} of {layers}: {formatSize(bytes)}…
    </p>
  );
}
