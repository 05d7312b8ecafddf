/** Electron's fuses: switches in the program's own binary, set once when it is packaged and read by Electron at its start. */
import { readFileSync } from 'node:fs';

/**
 * Each fuse by the name that @electron/fuses gives it, in the order of the wire, and whether it is on. Every fuse that
 * Electron has is decided here.
 */
export const FUSES = {
  /** Off: ELECTRON_RUN_AS_NODE would make the program run any script. */
  RunAsNode: false,
  /** On: what Chromium keeps in its cookie store is encrypted. */
  EnableCookieEncryption: true,
  /** Off: NODE_OPTIONS would load code into the program. */
  EnableNodeOptionsEnvironmentVariable: false,
  /** Off: --inspect and SIGUSR1 would open a debugger on the main side. */
  EnableNodeCliInspectArguments: false,
  /** On: macOS and Windows compare app.asar with a hash in the signed program. Linux has no such hash. */
  EnableEmbeddedAsarIntegrityValidation: true,
  /** On: a folder `app` beside app.asar is never loaded. */
  OnlyLoadAppFromAsar: true,
  /** Off: one snapshot serves every process. */
  LoadBrowserProcessSpecificV8Snapshot: false,
  /** Off: the window's page comes from app://, so file:// needs no privileges. */
  GrantFileProtocolExtraPrivileges: false,
  /** On, as Electron has it: bounds of WebAssembly memory are checked by the processor. */
  WasmTrapHandlers: true,
};

/** What precedes the fuses in the binary: electron/docs/tutorial/fuses.md. */
const SENTINEL = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX';

/**
 * The fuses in a program's binary by name, true where they are on, undefined where the fuse was taken out of that Electron.
 * Fuses that its Electron does not have are absent. Throws an Error where the file has no fuses or a wire of another form.
 */
export function readFuses(file) {
  const bytes = readFileSync(file);
  const at = bytes.indexOf(SENTINEL);
  if (at < 0) throw new Error(`there are no fuses in ${file}`);
  const [version, length] = bytes.subarray(at + SENTINEL.length);
  if (version !== 1) throw new Error(`the fuses in ${file} have the form ${version}, which is not known`);
  const wire = bytes.subarray(at + SENTINEL.length + 2, at + SENTINEL.length + 2 + length).toString('latin1');
  const names = Object.keys(FUSES);
  return Object.fromEntries(
    [...wire].map((state, index) => [names[index] ?? `fuse ${index}`, STATES[state]]),
  );
}

const STATES = { 0: false, 1: true, r: undefined };
