import { mainSide } from './vite.main-side.ts';

export default mainSide({ source: 'electron/main.ts', bundle: 'main.cjs' });
