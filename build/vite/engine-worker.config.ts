import { mainSide } from './main-side.ts';

export default mainSide({
  source: 'electron/engine/worker/worker.ts',
  bundle: 'engine-worker',
  split: true,
});
