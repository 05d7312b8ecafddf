/** Starts the window. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { runCommand } from './state/commands.ts';
import { untilFirstView } from './state/first-view.ts';
import { watchIdle } from './state/idle.ts';
import { listenToKeys } from './state/keyboard.ts';
import { rememberPreferences } from './state/preferences.ts';
import { listenToPushes } from './state/pushes.ts';
import { App } from './views/app.tsx';
import { isMac } from './views/platform.ts';
import { rehearsePictures } from './views/swatch-picture.ts';
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
await untilFirstView(rehearsePictures);

const root = document.getElementById('root');
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
