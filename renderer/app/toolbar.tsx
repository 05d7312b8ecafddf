import { layerCountText, type OpenedChain } from '../../shared/model/chain.ts';
import { formatSize } from '../../shared/text/offset.ts';
import { escapeUntrusted } from '../../shared/text/untrusted-text.ts';
import { shownSnapshot, snapshotName } from '../state/chain/snapshots.ts';
import { useStore } from '../state/store.ts';
import { useInspectorShown } from '../state/window/inspector.ts';
import { Untrusted } from '../ui/text.tsx';
import { ToolButton } from '../ui/tool-button.tsx';
import type { View } from '../ui/view.ts';
import { GoToField } from './go-to-field.tsx';
import { ViewSwitch } from './view-switch.tsx';

interface ToolbarProps {
  readonly chain: OpenedChain;
  readonly views: readonly View[];
  readonly view: View;
}

/** Title, views, history, the go-to field, zoom, and what concerns the whole window. */
export function Toolbar({ chain, views, view }: ToolbarProps) {
  const history = useStore(state => state.axes[view.axis].history);
  const theme = useStore(state => state.theme);
  const inspectorOpen = useInspectorShown();
  const { layers, size } = chain.chain;
  const snapshot = shownSnapshot(chain);
  const folder = folderName(layers.at(-1)?.path ?? '');
  return (
    <header className="toolbar">
      <ToolButton id="open" icon="open" />
      <div className="toolbar-title">
        <h1>
          <Untrusted text={layers.at(-1)?.name ?? ''} />
        </h1>
        <p title={escapeUntrusted(layers.at(-1)?.path ?? '', 4096)}>
          {folder !== '' && (
            <>
              <span className="toolbar-part">
                <Untrusted text={folder} max={40} />
              </span>
              {' · '}
            </>
          )}
          {snapshot !== undefined && (
            <>
              <span className="toolbar-part">as of {snapshotName(snapshot)}</span>
              {' · '}
            </>
          )}
          <span className="toolbar-facts">
            {layerCountText(chain)} · {formatSize(size)}
          </span>
        </p>
      </div>
      <ViewSwitch views={views} shown={view} />
      <div className="tool-group">
        <ToolButton id="back" icon="back" disabled={history.at <= 0} />
        <ToolButton id="forward" icon="forward" disabled={history.at >= history.visited.length - 1} />
      </div>
      <GoToField chain={chain} />
      <div className="tool-group">
        <ToolButton id="zoom-out" icon="minus" />
        <ToolButton id="fit" icon="fit" />
        <ToolButton id="zoom-in" icon="plus" />
      </div>
      <div className="tool-group">
        <ToolButton id="palette" icon="palette" />
        <ToolButton id="theme" icon={theme} label={`Theme: ${theme}`} />
        <ToolButton id="help" icon="help" />
        <ToolButton id="inspector" icon="inspector" pressed={inspectorOpen && view.explains !== true} />
      </div>
    </header>
  );
}

/** The name of the folder that a file lies in, which tells two of one name apart; empty for an address. */
function folderName(path: string): string {
  return path.includes('://') ? '' : (/([^/\\]+)[/\\][^/\\]*$/.exec(path)?.[1] ?? '');
}
