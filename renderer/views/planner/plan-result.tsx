import { Fragment, useState } from 'react';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import type { Finding } from '../../../shared/model/finding.ts';
import type { Plan } from '../../../shared/model/plan/plan.ts';
import type { PlanReply } from '../../../shared/model/plan/plan-picture.ts';
import { asSentence, findingGuestText, findingSentence } from '../../../shared/text/finding-text.ts';
import { formatCount, formatSize } from '../../../shared/text/offset.ts';
import { otherCommands, planCaseText, planRows, planTitle } from '../../../shared/text/plan-text.ts';
import { navigationOf } from '../../state/axes/axis-navigation.ts';
import { copyText } from '../../state/selection/track-actions.ts';
import { adviceInWindow } from '../../state/window/advice.ts';
import { Icon } from '../../ui/icon.tsx';
import { Untrusted, UntrustedProse } from '../../ui/text.tsx';
import { PlanDrawing } from './plan-drawing.tsx';

/** Longest sentence of a plan that is shown, in characters. */
const MAX_TEXT_CHARACTERS = 2000;

/** A plan: hazards, the disk before and after, numbers, what happens where, what an abort leaves, and the commands. */
export function PlanResult({ reply, chain }: { readonly reply: PlanReply; readonly chain: OpenedChain }) {
  const { plan, picture, left } = reply;
  const isNote = ({ severity }: Finding) => severity === 'note';
  const notes = plan.hazards.filter(isNote);
  return (
    <>
      <header className="plan-title">
        <h2>
          <Untrusted text={asSentence(planTitle(plan))} max={MAX_TEXT_CHARACTERS} />
        </h2>
        <p className="hint">
          cowscope shows what would happen. It changes nothing, and it will not run the commands.
        </p>
      </header>
      <Hazards hazards={plan.hazards.filter(finding => !isNote(finding))} left={left.hazards} plan={plan} />
      {picture !== undefined && (
        <PlanDrawing key={reply.planId} plan={plan} picture={picture} chain={chain} />
      )}
      <section aria-label="Numbers">
        <h3>Numbers</h3>
        <dl className="plan-facts">
          {planRows(plan).map(([name, value]) => (
            <div key={`${name} ${value}`}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        {plan.bytesCopied > 0 && <TimeGuess bytes={plan.bytesCopied} />}
      </section>
      <Commands plan={plan} />
      <Cases plan={plan} left={left.cases} />
      <section aria-label="If it is aborted">
        <h3>If it is aborted</h3>
        <ul className="plan-lines">
          {plan.abort.map(text => (
            <li key={text}>
              <UntrustedProse text={text} max={MAX_TEXT_CHARACTERS} />
            </li>
          ))}
        </ul>
      </section>
      {notes.length > 0 && (
        <section aria-label="Notes">
          <h3>Notes</h3>
          <ul className="plan-hazards">
            {notes.map(note => (
              <Hazard key={`${note.layer} ${note.id}`} finding={note} plan={plan} />
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

/** Bytes in a second that are assumed at first, in millions. */
const USUAL_RATE_MB_PER_SECOND = 200;

/** How long copying takes at a rate that the person knows. */
function TimeGuess({ bytes }: { readonly bytes: number }) {
  const [rate, setRate] = useState(USUAL_RATE_MB_PER_SECOND);
  const seconds = Math.ceil(bytes / (rate * 1e6));
  return (
    <label className="plan-time">
      Copying at
      <input
        className="plan-rate"
        type="number"
        min="1"
        max="100000"
        value={rate}
        onChange={event => setRate(Math.max(1, Number(event.target.value) || 1))}
      />
      MB/s takes about {formatDuration(seconds)}.
    </label>
  );
}

/** Whole seconds as hours, minutes and seconds. */
function formatDuration(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  if (hours > 0) return `${formatCount(hours)} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

interface HazardsProps {
  readonly hazards: readonly Finding[];
  readonly left: number;
  readonly plan: Plan;
}

function Hazards({ hazards, left, plan }: HazardsProps) {
  return (
    <section aria-label="Hazards">
      <h3>Hazards</h3>
      {hazards.length === 0 && left === 0 ? (
        <p>No hazards found.</p>
      ) : (
        <ul className="plan-hazards">
          {hazards.map(finding => (
            <Hazard key={`${finding.layer} ${finding.id}`} finding={finding} plan={plan} />
          ))}
        </ul>
      )}
      {left > 0 && <p className="hint">{formatCount(left)} more: cowscope plan prints them all.</p>}
    </section>
  );
}

function Hazard({ finding, plan }: { readonly finding: Finding; readonly plan: Plan }) {
  const { severity, code, advice, layer, count } = finding;
  const name = plan.layers[layer]?.name;
  const where = findingGuestText(finding);
  const [first] = plan.strip === undefined ? [] : finding.guest;
  return (
    <li data-severity={severity}>
      <p>
        {severity !== 'note' && <Icon name="warning" />}
        <b>{name === undefined ? 'Chain' : <Untrusted text={name} max={80} />}</b>{' '}
        <Untrusted text={findingSentence(finding)} max={MAX_TEXT_CHARACTERS} />
      </p>
      {where !== '' && (
        <p className="plan-place">
          <span className="mono">{where}</span>
          {first !== undefined && (
            <button
              type="button"
              className="quiet"
              aria-label={`Show ${where} before and after`}
              onClick={() => navigationOf('plan').fitRange(first[0], first[0] + first[1])}
            >
              Show
            </button>
          )}
        </p>
      )}
      {advice !== '' && (
        <p className="plan-advice">
          <UntrustedProse text={asSentence(adviceInWindow(advice))} max={MAX_TEXT_CHARACTERS} />
        </p>
      )}
      <small>
        {severity} · <code>{code}</code>
        {count > 1 && ` · ${formatCount(count)} places`}
      </small>
    </li>
  );
}

function Cases({ plan, left }: { readonly plan: Plan; readonly left: number }) {
  if (plan.cases.length === 0) return null;
  return (
    <section aria-label="What happens where">
      <h3>What happens where</h3>
      <table className="plan-cases">
        <tbody>
          {plan.cases.map(entry => (
            <tr key={`${entry.holders} ${entry.owner} ${entry.effect}`}>
              <td className="plan-bytes">{formatSize(entry.bytes)}</td>
              <td>
                <Untrusted text={planCaseText(entry, plan.layers)} max={MAX_TEXT_CHARACTERS} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {left > 0 && <p className="hint">{formatCount(left)} more: cowscope plan prints them all.</p>}
    </section>
  );
}

function Commands({ plan }: { readonly plan: Plan }) {
  const { commands } = plan;
  return (
    <section aria-label="Commands">
      <h3>
        Commands
        <CopyCommands commands={commands} label="Copy" />
      </h3>
      {commands.length === 0 ? (
        <p>No command does it: see the hazards.</p>
      ) : (
        <>
          <CommandLines commands={commands} />
          <p className="hint">To be read before they are run. cowscope will not run them.</p>
        </>
      )}
      {otherCommands(plan).map(other => (
        <Fragment key={other.name}>
          <p className="plan-other">
            <Untrusted text={asSentence(other.heading)} max={MAX_TEXT_CHARACTERS} />
            <CopyCommands commands={other.commands} label={`Copy ${other.name}`} />
          </p>
          <CommandLines commands={other.commands} />
        </Fragment>
      ))}
    </section>
  );
}

interface CopyCommandsProps {
  readonly commands: readonly string[];
  readonly label: string;
}

function CopyCommands({ commands, label }: CopyCommandsProps) {
  if (commands.length === 0) return null;
  const what = commands.length === 1 ? 'the command' : `${commands.length} commands`;
  return (
    <button type="button" onClick={() => void copyText(commands.join('\n'), what)}>
      <Icon name="copy" /> {label}
    </button>
  );
}

function CommandLines({ commands }: { readonly commands: readonly string[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: long lines scroll by keyboard, too
    <pre className="plan-commands" tabIndex={0}>
      {commands.map(command => (
        <code key={command}>
          <Untrusted text={command} max={16_384} />
          {'\n'}
        </code>
      ))}
    </pre>
  );
}
