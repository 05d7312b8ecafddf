import { mainSide } from './main-side.ts';

export default mainSide({ source: 'electron/cli/cli.ts', bundle: 'cli.cjs', banner: '#!/usr/bin/env node' });
