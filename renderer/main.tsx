/** Starts the window. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import type { Arrival } from '../shared/model/arrival.ts';
import { App } from './app/app.tsx';
import { loadFonts } from './canvas/fonts.ts';
import { showArrival } from './state/arrival.ts';
import { listenToPushes } from './state/chain/pushes.ts';
import { runCommand } from './state/commands/commands.ts';
import { listenToKeys } from './state/commands/keyboard.ts';
import { watchIdle } from './state/window/idle.ts';
import { waitForInitialTarget } from './state/window/initial-screen.ts';
import { rememberPreferences } from './state/window/preferences.ts';
import { shareTheme } from './state/window/shared-theme.ts';
import { isMac } from './ui/platform.ts';
import { warmUpPainting } from './ui/swatch-picture.ts';
import './styles/fonts.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/start.css';
import './styles/store.css';
import './styles/frame.css';
import './styles/plot.css';
import './styles/partitions.css';
import './styles/lanes.css';
import './styles/inspector.css';
import './styles/drawer.css';
import './styles/snapshots.css';
import './styles/findings.css';
import './styles/compare.css';
import './styles/host-layout.css';
import './styles/context-menu.css';
import './styles/dialogs.css';
import './styles/planner.css';
import './styles/narrow.css';

rememberPreferences();
shareTheme();
const show = (arrival: Arrival) => void showArrival(arrival, runCommand);
listenToPushes({ run: runCommand, show });
listenToKeys(isMac());
watchIdle();
await Promise.all([waitForInitialTarget(show, warmUpPainting), loadFonts()]);

const root = document.getElementById('root');
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
