import { expect, test } from 'vitest';
import { createIdleWatch } from '../../../../electron/shell/window/idle-watch.ts';

test('quiet is: drawn since the open, nothing running, nothing new for a while', () => {
  let now = 0;
  const watch = createIdleWatch(true, () => now);
  const quietAfterAWhile = (busy = false) => {
    now += 1000;
    return watch.quiet(busy);
  };
  watch.onCall('app:state', 1);
  watch.onCall('app:state', 0);
  watch.onCall('app:idle', 0);
  expect(quietAfterAWhile()).toBe(false); // nothing asked for yet
  watch.onCall('chain:open', 0);
  expect(quietAfterAWhile()).toBe(false); // nothing drawn yet
  watch.onCall('app:idle', 0);
  expect(watch.quiet(false)).toBe(false); // just now
  expect(quietAfterAWhile(true)).toBe(false); // still reading
  expect(quietAfterAWhile()).toBe(true);
  watch.onPush();
  expect(watch.quiet(false)).toBe(false);
  watch.onCall('chain:tiles', 1);
  expect(quietAfterAWhile()).toBe(false); // a call is running
  watch.onCall('chain:tiles', 0);
  expect(watch.quiet(false)).toBe(false);
  expect(quietAfterAWhile()).toBe(true);
  expect(watch.stillFor()).toBe(1000);
  watch.onCall('chain:open', 1);
  watch.onCall('chain:open', 0);
  expect(quietAfterAWhile()).toBe(false); // another target, not drawn yet
});

test('with nothing to open, a window that has drawn its start is at rest', () => {
  let now = 0;
  const watch = createIdleWatch(false, () => now);
  now += 1000;
  expect(watch.quiet(false)).toBe(false);
  watch.onCall('app:state', 0);
  now += 1000;
  expect(watch.quiet(false)).toBe(false); // asked, not drawn
  watch.onCall('app:idle', 0);
  now += 1000;
  expect(watch.quiet(false)).toBe(true);
});
