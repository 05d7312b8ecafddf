import type { LayerInfo, LinkStatus } from '../../../../shared/model/layer.ts';
import { asSentence } from '../../../../shared/text/finding-text.ts';
import { locateBacking, openAllowing, openLocated } from '../../../state/chain/opening.ts';
import { copyText } from '../../../state/selection/track-actions.ts';
import { Untrusted } from '../../../ui/text.tsx';

const TITLES: Readonly<Record<LinkStatus, string>> = {
  opened: '',
  none: '',
  missing: 'Missing backing file',
  needsConsent: 'Backing file not opened',
  cut: 'Link cut',
  refused: 'Link refused',
};

/** The dashed lane below the lowest layer that was opened: the backing file it names, and why that is not open. */
export function BrokenLane({ layer }: { readonly layer: LayerInfo }) {
  const { recorded, resolved, status, error, beside, fix } = layer.backing;
  const isCaptured = error?.code === 'CAPTURE_LINK'; // its files are on another machine
  const isUnknown = error?.code === 'CHAIN_BACKING_UNKNOWN'; // there may be no such file
  const title = isUnknown ? 'Backing file not known' : TITLES[status];
  return (
    <section className="lane-row broken" aria-label={title}>
      <header className="lane-header">
        <div className="lane-names">
          <h2>
            <Untrusted text={isUnknown ? 'not known' : shortName(recorded)} max={60} />
          </h2>
          <p className="lane-facts">
            {isUnknown ? 'below' : 'named by'} <Untrusted text={layer.name} />
          </p>
        </div>
      </header>
      <div className="broken-lane">
        <strong>{title}</strong>
        {!isUnknown && (
          <span className="mono">
            <Untrusted text={resolved || recorded} />
          </span>
        )}
        {error !== undefined && (
          <span>
            <Untrusted text={asSentence(error.what)} max={500} /> <code>{error.code}</code>
          </span>
        )}
        {status === 'needsConsent' && !isCaptured && (
          <button type="button" onClick={() => openAllowing(resolved || recorded)}>
            Open this file
          </button>
        )}
        {beside !== undefined && (
          <button
            type="button"
            title="Opens the file of that name in the image's own folder. Nothing is written."
            onClick={() => void openLocated(beside)}
          >
            Use <Untrusted text={beside.replace(/^.*\//, '')} /> beside the image
          </button>
        )}
        {fix !== undefined && (
          <button type="button" title={fix.command} onClick={() => void copyText(fix.command)}>
            Copy command that records it
          </button>
        )}
        {!isCaptured && (
          <button
            type="button"
            title="Opens these layers with the file you choose below them. Nothing is written."
            onClick={() => void locateBacking()}
          >
            Locate file…
          </button>
        )}
      </div>
    </section>
  );
}

/** The last part of a path; what is no path, as `json:{...}`, is shown as it is. */
function shortName(recorded: string): string {
  return /^[a-z][a-z0-9+.-]*:/i.test(recorded) ? recorded : recorded.replace(/^.*\//, '');
}
