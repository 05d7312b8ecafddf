import { type FormEvent, useEffect, useRef, useState } from 'react';
import type { ErrorRecord } from '../../../shared/error.ts';
import type { NbdExportInfo } from '../../../shared/model/nbd-export.ts';
import { invoke } from '../../bridge/bridge.ts';
import { exportUri, serversIn } from '../../state/chain/nbd-servers.ts';
import { openTarget } from '../../state/chain/opening.ts';
import { setState, useStore } from '../../state/store.ts';
import { DialogFrame } from '../../ui/dialog.tsx';
import { ErrorCard } from '../../ui/error-card.tsx';
import { ExportList } from './export-list.tsx';

/** Connects to an NBD server: lists what it offers, opens what is chosen. */
export function ConnectDialog({ uri: given }: { readonly uri: string }) {
  const recent = useStore(state => state.app?.recent);
  const typed = useStore(state => state.typedAddress);
  const uri = typed ?? given;
  const [exports, setExports] = useState<readonly NbdExportInfo[]>();
  const [error, setError] = useState<ErrorRecord>();
  const [busy, setBusy] = useState(false);
  const requests = useRef(0);
  // A closed dialog waits for no server.
  useEffect(() => () => void invoke('nbd:cancelList', undefined), []);

  const list = async (event: FormEvent) => {
    event.preventDefault();
    const request = ++requests.current;
    setBusy(true);
    setError(undefined);
    setExports(undefined);
    const reply = await invoke('nbd:list', { uri: uri.trim() });
    if (request !== requests.current) return;
    setBusy(false);
    if (reply.ok) setExports(reply.value);
    else setError(reply.error);
  };
  const open = (target: string) => void openTarget({ kind: 'nbd', uri: target });

  return (
    <DialogFrame title="Connect to NBD" className="connect">
      <form onSubmit={event => void list(event)}>
        <label htmlFor="nbd-uri">Address of the server</label>
        <div className="field-row">
          <input
            id="nbd-uri"
            className="mono"
            type="text"
            list="nbd-servers"
            placeholder="nbd://host:10809"
            spellCheck={false}
            autoComplete="off"
            data-initial-focus
            value={uri}
            onChange={event => setState({ typedAddress: event.target.value })}
          />
          <button type="submit" disabled={uri.trim() === '' || busy}>
            {busy ? 'Listing…' : 'List exports'}
          </button>
        </div>
        <datalist id="nbd-servers">
          {serversIn(recent ?? []).map(server => (
            <option key={server} value={server} />
          ))}
        </datalist>
        <p className="hint">
          <code>nbd://host:10809/export</code>, with TLS <code>nbds://host/export</code>, on this computer{' '}
          <code>nbd+unix:///export?socket=/run/nbd.sock</code>. Servers opened before are offered; passwords
          are never kept.
        </p>
      </form>
      {error !== undefined && <ErrorCard error={error} />}
      {exports !== undefined && (
        <ExportList exports={exports} onChoose={name => open(exportUri(uri.trim(), name))} />
      )}
      <footer>
        <button
          type="button"
          className="primary"
          disabled={uri.trim() === ''}
          onClick={() => open(uri.trim())}
        >
          Connect
        </button>
      </footer>
    </DialogFrame>
  );
}
