import { mainSide } from './main-side.ts';

export default mainSide({ source: 'electron/preload.ts', bundle: 'preload' });
