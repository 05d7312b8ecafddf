import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { followFonts, fontVersion, loadFonts } from '../../../../renderer/canvas/fonts.ts';
import { currentColorSet } from '../../../../renderer/ui/theme.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** Fonts that load once `finish` is called, and what was asked for. */
function fontsLoadedBy() {
  const asked: string[] = [];
  let finish: (isThere: boolean) => void = () => {};
  const loading = new Promise<FontFace[]>((resolve, reject) => {
    finish = isThere => (isThere ? resolve([]) : reject(new Error('no such font')));
  });
  const load = (font: string) => {
    asked.push(font);
    return loading;
  };
  return { fonts: { load }, asked, finish: (isThere: boolean) => finish(isThere) };
}

test('both fonts are loaded, and what was painted before is painted in another color set', async () => {
  const { fonts, asked, finish } = fontsLoadedBy();
  const before = { version: fontVersion(), colorSet: currentColorSet() };
  const changed = vi.fn();
  const stop = followFonts(changed);
  const loaded = loadFonts(fonts);
  expect(currentColorSet()).toBe(before.colorSet);
  finish(true);
  await loaded;
  expect(asked).toEqual([expect.stringContaining('Inter'), expect.stringContaining('JetBrains Mono')]);
  expect(fontVersion()).toBe(before.version + 1);
  expect(changed).toHaveBeenCalledOnce();
  expect(currentColorSet()).not.toBe(before.colorSet);
  stop();
});

test('fonts that cannot be loaded, or come late, hold up no drawing', async () => {
  const missing = fontsLoadedBy();
  const failed = loadFonts(missing.fonts);
  missing.finish(false);
  await failed;
  const late = fontsLoadedBy();
  const before = fontVersion();
  const waited = loadFonts(late.fonts);
  await vi.advanceTimersByTimeAsync(200);
  await waited;
  expect(fontVersion()).toBe(before);
  late.finish(true);
  await vi.advanceTimersByTimeAsync(0);
  expect(fontVersion()).toBe(before + 1);
});
