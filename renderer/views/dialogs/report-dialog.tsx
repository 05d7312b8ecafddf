import { type FormEvent, useEffect, useState } from 'react';
import type { ErrorRecord } from '../../../shared/error.ts';
import type { PlanReply } from '../../../shared/model/plan/plan-picture.ts';
import {
  OFFERED_FORMATS,
  type OfferedFormat,
  type ReportProgress,
  type ReportStep,
} from '../../../shared/model/report/report-request.ts';
import { asSentence } from '../../../shared/text/finding-text.ts';
import { planTitle } from '../../../shared/text/plan-text.ts';
import { invoke, listenToPush } from '../../bridge/bridge.ts';
import { announce, getState, useStore } from '../../state/store.ts';
import { closeDialog, DialogFrame } from '../../ui/dialog.tsx';
import { ErrorCard } from '../../ui/error-card.tsx';
import { Untrusted } from '../../ui/text.tsx';
import { pngOf, type ReportDrawing, ReportPreview, useReportDrawing } from './report-picture.tsx';

const FORMAT_LABELS: Readonly<Record<OfferedFormat, readonly [name: string, meaning: string]>> = {
  html: ['HTML', 'one page for any browser: verdict, drawing, findings, sums, layers'],
  json: ['JSON', 'the same for programs'],
  svg: ['SVG', 'the drawing of the chain alone'],
  png: ['PNG', 'the same drawing as a picture, twice as fine as shown here'],
  csv: ['CSV', 'every range of the map, with its owner, state and host offset'],
};

const STEPS: Readonly<Record<ReportStep, string>> = {
  checking: 'Checking the images',
  reading: 'Reading the map',
  drawing: 'Drawing',
  writing: 'Writing',
};

/** True where a plan and the guest's partitions can be part of that format. */
function takesMore(format: OfferedFormat): boolean {
  return format === 'html' || format === 'json';
}

/** True where the drawing is part of that format. */
function hasDrawing(format: OfferedFormat): boolean {
  return format === 'html' || format === 'svg' || format === 'png';
}

/** What goes into the report. */
interface ReportContent {
  readonly format: OfferedFormat;
  readonly isRedacted: boolean;
  readonly withPlan: boolean;
  readonly withPartitions: boolean;
}

/** Writes a report of the open chain to a file. */
export function ReportDialog() {
  const reply = useStore(state => (state.planner?.isRunning === false ? state.planner.reply : undefined));
  const [content, setContent] = useState<ReportContent>({
    format: 'html',
    isRedacted: true,
    withPlan: true,
    withPartitions: false,
  });
  const drawing = useReportDrawing(!content.isRedacted);
  const [isSaving, setSaving] = useState(false);
  const [error, setError] = useState<ErrorRecord>();
  // A closed dialog wants no report.
  useEffect(() => () => void invoke('report:cancel', undefined), []);

  const save = async (event: FormEvent) => {
    event.preventDefault();
    setSaving(true);
    setError(undefined);
    const failure = await saveReport(content, reply, drawing);
    setSaving(false);
    setError(failure);
  };

  return (
    <DialogFrame title="Save a report" className="report-dialog">
      <form onSubmit={event => void save(event)}>
        <Content content={content} reply={reply} disabled={isSaving} onChange={setContent} />
        {hasDrawing(content.format) && <ReportPreview drawing={drawing} />}
        <p className="hint">
          It is about the whole disk. For a page or a document the images are read again and checked; nothing
          is written to them.
        </p>
        {error !== undefined && <ErrorCard error={error} />}
        <footer>
          {isSaving && <Progress />}
          {isSaving ? (
            <button type="button" onClick={() => void invoke('report:cancel', undefined)}>
              Cancel
            </button>
          ) : (
            <button
              type="submit"
              className="primary"
              disabled={content.format === 'png' && drawing.svg === undefined}
            >
              Save…
            </button>
          )}
        </footer>
      </form>
    </DialogFrame>
  );
}

/** Writes the report and closes the dialog; what went wrong, where the dialog stays. */
async function saveReport(
  { format, isRedacted, withPlan, withPartitions }: ReportContent,
  reply: PlanReply | undefined,
  { svg }: ReportDrawing,
): Promise<ErrorRecord | undefined> {
  const sessionId = getState().chain?.sessionId;
  if (sessionId === undefined) return void closeDialog();
  const plan = reply === undefined || !withPlan || !takesMore(format) ? {} : { planId: reply.planId };
  const isRead = getState().partitions.phase === 'read';
  const partitions = isRead && withPartitions && takesMore(format) ? { partitions: true } : {};
  const saved =
    format === 'png'
      ? await invoke('report:savePicture', { sessionId, png: await pngOf(svg ?? '') })
      : await invoke('report:save', { sessionId, format, showPaths: !isRedacted, ...plan, ...partitions });
  if (!saved.ok) return saved.error.code === 'CANCELLED' ? undefined : saved.error;
  if (saved.value === null) return undefined;
  const { path, unread } = saved.value;
  closeDialog();
  const missing = `${unread} ${unread === 1 ? 'part' : 'parts'} could not be read`;
  announce(unread === 0 ? `Saved ${path}` : `Saved ${path}; ${missing}`);
  return undefined;
}

interface ContentProps {
  readonly content: ReportContent;
  readonly reply: PlanReply | undefined;
  readonly disabled: boolean;
  readonly onChange: (content: ReportContent) => void;
}

function Content({ content, reply, disabled, onChange }: ContentProps) {
  const { format, isRedacted, withPlan, withPartitions } = content;
  const hasPartitions = useStore(({ partitions }) => partitions.phase === 'read');
  return (
    <>
      <fieldset disabled={disabled}>
        <legend>Form</legend>
        {OFFERED_FORMATS.map(id => (
          <label key={id}>
            <input
              type="radio"
              name="report-form"
              checked={format === id}
              {...(id === 'html' ? { 'data-initial-focus': true } : {})}
              onChange={() => onChange({ ...content, format: id })}
            />
            <span>
              <b>{FORMAT_LABELS[id][0]}</b> {FORMAT_LABELS[id][1]}
            </span>
          </label>
        ))}
      </fieldset>
      <fieldset disabled={disabled}>
        <legend>What is in it</legend>
        <label>
          <input
            type="checkbox"
            checked={isRedacted}
            onChange={event => onChange({ ...content, isRedacted: event.target.checked })}
          />
          <span>Leave folders out of every text. Names of files stay.</span>
        </label>
        {reply !== undefined && takesMore(format) && (
          <label>
            <input
              type="checkbox"
              checked={withPlan}
              onChange={event => onChange({ ...content, withPlan: event.target.checked })}
            />
            <span>
              The plan: <Untrusted text={asSentence(planTitle(reply.plan))} />
            </span>
          </label>
        )}
        {hasPartitions && takesMore(format) && (
          <label>
            <input
              type="checkbox"
              checked={withPartitions}
              onChange={event => onChange({ ...content, withPartitions: event.target.checked })}
            />
            <span>The guest’s partitions: names, labels and where each finding lies.</span>
          </label>
        )}
      </fieldset>
    </>
  );
}

/** How far the report is. */
function Progress() {
  const [progress, setProgress] = useState<ReportProgress>();
  useEffect(() => listenToPush('report:progress', setProgress), []);
  if (progress === undefined) return <p role="status">Choose a file…</p>;
  const { step, share } = progress;
  return (
    <p role="status">
      {STEPS[step]}
      {share !== undefined && ` ${Math.floor(share * 100)} %`}…
    </p>
  );
}
