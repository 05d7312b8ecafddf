import { mainSide } from './main-side.ts';

export default mainSide({
  source: 'electron/main.ts',
  bundle: 'main',
  split: true,
  parts: {
    thread: ['electron/engine/worker/prestarted-worker.ts'],
    chain: ['electron/service/chain-session.ts'],
  },
});
