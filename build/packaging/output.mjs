/** Where packages are put. */

/**
 * The folder for packages made with a runtime of that origin, from the root of the checkout. Releases are taken from
 * `out`, so what is made of any runtime but Electron's own release lies elsewhere.
 */
export function outputFolder(origin) {
  return origin === 'official' ? 'out' : 'out/development';
}
