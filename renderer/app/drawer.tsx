import type { OpenedChain } from '../../shared/model/chain.ts';
import { useStore } from '../state/store.ts';
import { toggleDrawerTab } from '../state/window/drawer.ts';
import { DRAWER_HEIGHT_PX, resizeDrawer } from '../state/window/preferences.ts';
import { Divider } from '../ui/divider.tsx';
import type { DrawerTab } from '../ui/drawer-tab.ts';
import { ToolButton } from '../ui/tool-button.tsx';
import { ChosenRange } from './chosen-range.tsx';

interface DrawerProps {
  readonly chain: OpenedChain;
  readonly tabs: readonly DrawerTab[];
}

/** Lists below the tracks. Closed, it is the row of its tabs, and of what range is chosen. */
export function Drawer({ chain, tabs }: DrawerProps) {
  const open = useStore(state => state.drawerOpen);
  const height = useStore(state => state.drawerHeight);
  const tabId = useStore(state => state.drawerTab);
  const shown = tabs.find(({ id }) => id === tabId) ?? tabs[0];
  if (shown === undefined) return null;
  const { component: Content } = shown;
  return (
    <section className="drawer" aria-label="Lists" data-open={open} style={open ? { height } : undefined}>
      {open && (
        <Divider
          label="Height of the lists"
          orientation="horizontal"
          size={height}
          bounds={DRAWER_HEIGHT_PX}
          onResize={resizeDrawer}
        />
      )}
      <nav className="drawer-tabs" aria-label="Lists below the tracks">
        {tabs.map(({ id, title }) => (
          <button
            key={id}
            type="button"
            aria-pressed={open && id === shown.id}
            onClick={() => toggleDrawerTab(id)}
          >
            {title}
          </button>
        ))}
        <span className="spacer" />
        <ChosenRange />
        <ToolButton id="drawer" icon={open ? 'down' : 'up'} />
      </nav>
      {open && (
        <div className="drawer-content">
          <Content chain={chain} />
        </div>
      )}
    </section>
  );
}
