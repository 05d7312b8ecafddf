/**
 * Writes the README's tables that are made from the program's own: `node build/readme-tables.mjs`. A test fails where
 * the README has other ones.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { isMain } from './is-main.mjs';

const README = new URL('../README.md', import.meta.url);

/** The README with its tables as they are to be. Throws where it lacks the marks around one. */
export function withTables(readme, { commands, pointerActions, keyCaps }) {
  return replaceBetween(readme, 'keys', keyTable(commands, pointerActions, keyCaps));
}

/** What the pointer and the keys do. Two commands beside each other whose labels differ in one word share a row. */
export function keyTable(commands, pointerActions, keyCaps) {
  const rows = pointerActions.map(([what, does]) => [does, what]);
  let last;
  for (const { label, hotkeys } of commands) {
    if (hotkeys.length === 0) continue;
    const keys = hotkeys.map(hotkey => `\`${keyCaps(hotkey, false).join('+')}\``).join(' ');
    const both = last === undefined ? undefined : sharedLabel(last, label);
    if (both === undefined) rows.push([label, keys]);
    else rows.push([both, `${rows.pop()[1]}, ${keys}`]);
    last = both === undefined ? label : undefined;
  }
  return ['| does | pointer or key |', '|---|---|', ...rows.map(row => `| ${row.join(' | ')} |`)].join('\n');
}

/** `Zoom in, out` of `Zoom in` and `Zoom out`; undefined where more than one word differs. */
function sharedLabel(first, second) {
  const words = first.split(' ');
  const others = second.split(' ');
  const differ = words.flatMap((word, i) => (word === others[i] ? [] : [i]));
  if (words.length !== others.length || differ.length !== 1) return undefined;
  const [at] = differ;
  return words.map((word, i) => (i === at ? `${word}, ${others[i].toLowerCase()}` : word)).join(' ');
}

/** `text` with `table` between the marks `name`. Throws where it has none. */
export function replaceBetween(text, name, table) {
  const marks = new RegExp(`(<!-- ${name}\\b[^>]*-->\\n)[\\s\\S]*?(<!-- /${name} -->)`);
  if (!marks.test(text)) throw new Error(`there are no marks around the table "${name}"`);
  return text.replace(marks, (_, begin, end) => `${begin}\n${table}\n\n${end}`);
}

if (isMain(import.meta.url)) {
  const { runnerImport } = await import('vite');
  const load = async path => (await runnerImport(fileURLToPath(new URL(path, import.meta.url)))).module;
  const { COMMANDS, POINTER_ACTIONS } = await load('../shared/commands.ts');
  const { keyCaps } = await load('../shared/hotkeys.ts');
  const tables = { commands: COMMANDS, pointerActions: POINTER_ACTIONS, keyCaps };
  await writeFile(README, withTables(await readFile(README, 'utf8'), tables));
}
