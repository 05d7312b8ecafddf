/** Takes the window's picture once it has come to rest. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BrowserWindow, NativeImage, WebContents } from 'electron';
import { CowscopeError } from '../../../shared/error.ts';
import type { IdleWatch } from './idle-watch.ts';

/** Milliseconds without any event after which waiting ends. */
const GIVE_UP_MS = 60_000;
const POLL_INTERVAL_MS = 50;
/** A window that never stops changing is taken as it is after so many pictures. */
const MAX_PICTURES = 20;

/** What tells that the window has drawn everything. */
export interface DrawingState {
  readonly watch: IdleWatch;
  /** True while anything is being read. */
  busy(): boolean;
}

/**
 * The window's picture as PNG, once it is at rest. `file` is for messages.
 * Throws APP_SCREENSHOT_TIMEOUT after a minute in which nothing happened, and APP_SCREENSHOT_FAILED when there is no
 * picture.
 */
export async function takeScreenshot(
  window: BrowserWindow,
  { watch, busy }: DrawingState,
  file: string,
): Promise<Uint8Array> {
  while (!watch.quiet(busy())) {
    if (watch.stillFor() > GIVE_UP_MS)
      throw failed('APP_SCREENSHOT_TIMEOUT', 'The window did not finish drawing', file);
    await sleep(POLL_INTERVAL_MS);
  }
  const image = await settledPicture(window.webContents);
  if (image.isEmpty()) throw failed('APP_SCREENSHOT_FAILED', 'The window has no picture to save', file);
  return image.toPNG();
}

/** The picture once two in a row are the same: on a busy machine the compositor is some frames behind the drawing. */
async function settledPicture(contents: WebContents): Promise<NativeImage> {
  let picture = await contents.capturePage();
  for (let tries = 0; tries < MAX_PICTURES; tries++) {
    await sleep(POLL_INTERVAL_MS);
    const next = await contents.capturePage();
    if (next.toBitmap().equals(picture.toBitmap())) return next;
    picture = next;
  }
  return picture;
}

function failed(code: string, what: string, file: string): CowscopeError {
  return new CowscopeError({ code, what, subject: file, advice: 'try another file or a smaller image' });
}
