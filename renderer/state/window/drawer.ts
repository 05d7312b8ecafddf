/** The drawer below the tracks: lists of the chain, one at a time. */
import { requestDraw } from '../../canvas/frame.ts';
import { getState, setState } from '../store.ts';

/** Opens the drawer at a tab; closes it where it shows that one. */
export function toggleDrawerTab(id: string): void {
  const { drawerOpen, drawerTab } = getState();
  setState(drawerOpen && drawerTab === id ? { drawerOpen: false } : { drawerOpen: true, drawerTab: id });
  requestDraw();
}

/** Opens the drawer at a tab. */
export function showDrawerTab(id: string): void {
  setState({ drawerOpen: true, drawerTab: id });
  requestDraw();
}

/** Opens the drawer at the tab that it showed last, or closes it. */
export function toggleDrawer(): void {
  setState({ drawerOpen: !getState().drawerOpen });
  requestDraw();
}
