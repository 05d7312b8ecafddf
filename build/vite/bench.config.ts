import { mainSide } from './main-side.ts';

export default mainSide({ source: 'test/bench/bench.ts', bundle: 'bench' });
