import { afterEach, expect, test } from 'vitest';
import { setState, useStore } from '../../../../../renderer/state/store.ts';
import { shareTheme } from '../../../../../renderer/state/window/shared-theme.ts';
import { fakeBridge } from '../../../../support/window/fake-bridge.ts';
import { goldenChain } from '../../../../support/window/fake-chain.ts';
import { argsOf } from '../../../../support/window/fake-window.tsx';

afterEach(() => useStore.setState(useStore.getInitialState(), true));

test('the system gets the theme that was chosen before, and each later choice', () => {
  const bridge = fakeBridge(goldenChain(), {});
  Object.assign(window, { cowscope: bridge });
  setState({ theme: 'dark' });
  shareTheme();
  setState({ theme: 'system' });
  setState({ inspectorOpen: false });
  expect(argsOf(bridge, 'app:theme')).toEqual([{ theme: 'dark' }, { theme: 'system' }]);
});
