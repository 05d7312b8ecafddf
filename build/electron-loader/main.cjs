/**
 * What an Electron runtime without a built-in app runs: starts the app whose folder is the first plain argument.
 * Takes `-r MODULE` before it (Playwright's hook) and `--version`, as Electron's own default app does.
 */
const { app } = require('electron');
const { readFileSync } = require('node:fs');
const { join, resolve } = require('node:path');

const { folder, modules, version } = readArguments(process.argv.slice(1));
if (version || folder === undefined) {
  process.stdout.write(
    version ? `v${process.versions.electron}\n` : 'usage: electron [-r MODULE] FOLDER [ARGUMENT...]\n',
  );
  process.exit(version ? 0 : 64);
}
for (const name of modules) require(resolve(name));
start(resolve(folder));

/** The app's folder and what stands before it; the rest belongs to the app. */
function readArguments(args) {
  const modules = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg === '-r' || arg === '--require') modules.push(args[++i]);
    else if (arg === '--version' || arg === '-v') return { modules, version: true };
    else if (!arg.startsWith('-')) return { modules, folder: arg };
  }
  return { modules };
}

/** Runs an app as if the runtime had been made for it: its name and version, and its folder as the app's path. */
function start(folder) {
  const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  Object.defineProperty(process, 'defaultApp', { value: true, enumerable: true });
  app.setName(about.productName ?? about.name);
  app.setVersion(about.version);
  app.setAppPath(folder);
  require(join(folder, about.main));
}
