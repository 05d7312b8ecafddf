import { mainSide } from './main-side.ts';

export default mainSide({
  source: 'electron/main.ts',
  bundle: 'main',
  split: true,
  parts: { chain: ['electron/service/chain-session.ts'] },
});
