/** True on a Mac, where Cmd is used instead of Ctrl. */
export function isMac(): boolean {
  return /mac/i.test(navigator.platform);
}
