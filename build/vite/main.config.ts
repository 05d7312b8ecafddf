import { mainSide } from './main-side.ts';

export default mainSide({
  source: 'electron/main.ts',
  bundle: 'main',
  split: true,
  parts: {
    thread: ['electron/engine/worker/prestarted-worker.ts'],
    chain: ['electron/service/chain-session.ts'],
    // What is loaded for the first layer that is read over NBD, while the window is used.
    feeds: ['electron/service/feeds/served-feed.ts'],
  },
});
