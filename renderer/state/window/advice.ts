/** Advice of findings and errors as the window gives it: by its buttons, where it has one for a command. */

/** Commands for which the window has a button, each with the name of that. The longer ones come first. */
const BUTTONS: readonly (readonly [command: RegExp, button: string])[] = [
  [/`cowscope check --deep`, or (“Check all data”) in the window/g, '$1'],
  [/`?cowscope check --deep`?/g, '“Check all data”'],
  [/`?cowscope map --infer`?/g, '“Infer the layout”'],
  [/`?cowscope store`?/g, '“Open folder…”'],
  [/\bwhat cowscope check says\b/g, 'what the check says'],
  [/\bleave --unsafe out\b/g, 'uncheck “unsafe”'],
];

/** The advice with the names of buttons in place of commands. Untrusted text. */
export function adviceInWindow(advice: string): string {
  return BUTTONS.reduce((text, [command, button]) => text.replace(command, button), advice);
}

/** Of two texts of advice those that say something which the other does not: a general one may only repeat the one given here. */
export function withoutRepeat(given: string, general: string): readonly string[] {
  const [a, b] = [plain(given), plain(general)];
  if (a === '' || b.includes(a)) return general === '' ? [] : [general];
  return b === '' || a.includes(b) ? [given] : [given, general];
}

/** A text without what does not change its meaning. */
function plain(text: string): string {
  return text
    .toLowerCase()
    .replace(/[`“”".;:,]/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
