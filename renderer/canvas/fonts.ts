/** The bundled fonts (styles/fonts.css): loaded before the first drawing, and what a canvas drew without them is drawn again. */

/** Each font once: the files hold all weights. */
const FONTS = ['500 11px Inter', '12px "JetBrains Mono"'];
/** How long the first drawing waits for them. They lie beside the page, so that it takes a few milliseconds. */
const MAX_WAIT_MS = 200;

const followers = new Set<() => void>();
let version = 0;

/** Grows when fonts have been loaded: texts drawn before may look different now. */
export function fontVersion(): number {
  return version;
}

/** Calls `changed` when {@link fontVersion} has grown. Returns what ends that. */
export function followFonts(changed: () => void): () => void {
  followers.add(changed);
  return () => followers.delete(changed);
}

/** Loads the fonts. Resolves when they can be used, or after {@link MAX_WAIT_MS}. Never rejects: others are used then. */
export async function loadFonts(fonts: Pick<FontFaceSet, 'load'> = document.fonts): Promise<void> {
  const loaded = Promise.allSettled(FONTS.map(font => fonts.load(font))).then(() => {
    version++;
    for (const changed of followers) changed();
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const waited = new Promise<void>(resolve => {
    timer = setTimeout(resolve, MAX_WAIT_MS);
  });
  await Promise.race([loaded, waited]);
  clearTimeout(timer);
}
