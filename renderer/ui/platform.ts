/** True on a Mac, where Cmd takes the place of Ctrl. */
export function isMac(): boolean {
  return /mac/i.test(navigator.platform);
}
