/** Starts the window. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { runCommand } from './state/commands.ts';
import { watchIdle } from './state/idle.ts';
import { waitForInitialTarget } from './state/initial-screen.ts';
import { listenToKeys } from './state/keyboard.ts';
import { rememberPreferences } from './state/preferences.ts';
import { listenToPushes } from './state/pushes.ts';
import { isMac } from './ui/platform.ts';
import { warmUpPainting } from './ui/swatch-picture.ts';
import { App } from './views/frame/app.tsx';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/empty.css';
import './styles/chain.css';
import './styles/plot.css';
import './styles/lanes.css';
import './styles/inspector.css';
import './styles/snapshots.css';
import './styles/track-menu.css';
import './styles/dialogs.css';

rememberPreferences();
listenToPushes(runCommand);
listenToKeys(isMac());
watchIdle();
await waitForInitialTarget(warmUpPainting);

const root = document.getElementById('root');
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
