/** Runs npm: the one this process was started by, else the one on the PATH. */
import { spawnSync } from 'node:child_process';
import { basename } from 'node:path';

/** Runs npm quietly and returns its standard output. Throws an Error with its first telling line when it fails. */
export function npm(args, { cwd } = {}) {
  const script = process.env.npm_execpath;
  const isNpm = script !== undefined && basename(script) === 'npm-cli.js';
  const [command, ...first] = isNpm ? [process.execPath, script] : ['npm'];
  const { status, stdout, stderr, error } = spawnSync(command, [...first, ...args], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 64 * 2 ** 20,
    shell: !isNpm && process.platform === 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (status === 0) return stdout;
  throw new Error(error ? `npm: ${error.message}` : tellingLine(stderr || stdout));
}

/** npm begins with codes and ends with advice; what lies between is the reason. */
function tellingLine(output) {
  const lines = output
    .split('\n')
    .filter(line => !/^npm (warn|notice)/i.test(line))
    .map(line => line.replace(/^npm (error|ERR!)/i, '').trim());
  return (
    lines.find(line => line !== '' && !/^(code|errno|syscall)\b/.test(line)) || 'npm failed without a word'
  );
}
