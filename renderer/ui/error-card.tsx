import type { ErrorRecord } from '../../shared/error.ts';
import { describeError } from '../../shared/error.ts';
import { asSentence } from '../../shared/text/finding-text.ts';
import { escapeUntrusted } from '../../shared/text/untrusted-text.ts';
import { copyText } from '../state/selection/track-actions.ts';
import { adviceInWindow } from '../state/window/advice.ts';
import { Icon } from './icon.tsx';
import { Untrusted, UntrustedProse } from './text.tsx';

interface ErrorCardProps {
  readonly error: ErrorRecord;
  readonly onDismiss?: () => void;
  /** Where only consent to the subject was missing: gives it. */
  readonly onAllow?: () => void;
  /** Where an image cannot be read by its header: reads it by the tables that are left. */
  readonly onInfer?: () => void;
}

/** An error for a person: what failed, which file, what to do, the code, and all of it to copy. */
export function ErrorCard({ error, onDismiss, onAllow, onInfer }: ErrorCardProps) {
  const { what, subject, advice, code } = error;
  return (
    <section className="error-card" role="alert">
      <Icon name="warning" />
      <div className="error-text">
        <p className="error-what">
          <Untrusted text={asSentence(what)} max={500} />
        </p>
        {subject !== '' && (
          <p className="error-subject">
            <Untrusted text={subject} />
          </p>
        )}
        {advice !== '' && (
          <p className="error-advice">
            <UntrustedProse text={asSentence(adviceInWindow(advice))} max={500} />
          </p>
        )}
        <p className="error-actions">
          {onAllow !== undefined && (
            <button type="button" onClick={onAllow}>
              Allow it and open
            </button>
          )}
          {onInfer !== undefined && (
            <button type="button" onClick={onInfer}>
              Infer the layout
            </button>
          )}
          <code>{code}</code>
          <button
            type="button"
            className="quiet"
            onClick={() => void copyText(escapeUntrusted(describeError(error), 4096))}
          >
            Copy details
          </button>
        </p>
      </div>
      {onDismiss !== undefined && (
        <button type="button" className="tool" aria-label="Dismiss" title="Dismiss" onClick={onDismiss}>
          <Icon name="close" />
        </button>
      )}
    </section>
  );
}
