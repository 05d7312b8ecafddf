import { mainSide } from './vite.main-side.ts';

export default mainSide({ source: 'electron/merge/worker.ts', bundle: 'merge-worker.cjs' });
