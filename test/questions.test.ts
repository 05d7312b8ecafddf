/** A new question is three edits: its type, the schema of its arguments, its answer. A forgotten one does not compile. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from './support/tools.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
// Inside the tree, so that the packages are found as they are for the real sources.
const cache = join(root, 'node_modules', '.cache');
let copy: string;

const QUESTIONS = 'shared/ipc/questions.ts';
const SCHEMAS = 'shared/ipc/schemas.ts';
const ANSWERS = 'electron/engine/questions/answers.ts';

/** For each file the line after which a new one goes, and that new line. */
const EDITS = {
  [QUESTIONS]: ['const QUESTIONS = {', '  double: exchange<{ readonly value: number }, number>(),'],
  [SCHEMAS]: ['export const QUESTION_SCHEMAS = {', '  double: v.strictObject({ value: offset }),'],
  [ANSWERS]: [
    'export const ANSWERS: { readonly [Q in QuestionName]: Answer<Q> } = {',
    '  double: (_, { value }) => 2 * value,',
  ],
} as const;
type EditedFile = keyof typeof EDITS;

beforeAll(() => {
  mkdirSync(cache, { recursive: true });
  copy = mkdtempSync(join(cache, 'questions-'));
  for (const name of ['shared', 'electron', 'tsconfig.base.json'])
    cpSync(join(root, name), join(copy, name), { recursive: true });
  const config = {
    extends: './tsconfig.base.json',
    compilerOptions: {
      composite: false,
      emitDeclarationOnly: false,
      noEmit: true,
      lib: ['ES2023'],
      types: ['node'],
    },
    files: [SCHEMAS, ANSWERS, 'electron/service/chain-session.ts', 'electron/shell/ipc/chain-controller.ts'],
  };
  writeFileSync(join(copy, 'tsconfig.json'), JSON.stringify(config));
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** A compiler beside other work on the machine: as long as a test may take. */
const COMPILE_LIMIT_MS = 60_000;

/** The files in which tsc finds errors once the given files are edited. */
async function filesWithErrors(edited: readonly EditedFile[], line = EDITS): Promise<string[]> {
  for (const file of Object.keys(EDITS) as EditedFile[]) {
    const source = readFileSync(join(root, file), 'utf8');
    const [after, added] = line[file];
    expect(source.split(`${after}\n`)).toHaveLength(2);
    const changed = source.replace(`${after}\n`, `${after}\n${added}\n`);
    writeFileSync(join(copy, file), edited.includes(file) ? changed : source);
  }
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const { stdout } = await run(process.execPath, [compiler, '-p', copy], { timeout: COMPILE_LIMIT_MS });
  return [...new Set(stdout.match(/^[\w./-]+\.ts(?=\(\d+,\d+\): error)/gm) ?? [])].map(file =>
    file.slice(file.search(/shared\/|electron\//)),
  );
}

it('a question needs its type, a schema and an answer, and nothing else', async () => {
  expect(await filesWithErrors([QUESTIONS, SCHEMAS, ANSWERS])).toEqual([]);
});

it.each([
  ['its schema', [QUESTIONS, ANSWERS], SCHEMAS],
  ['its answer', [QUESTIONS, SCHEMAS], ANSWERS],
  ['its type', [SCHEMAS, ANSWERS], ANSWERS],
] as const)('a question without %s does not compile', async (_what, edited, culprit) => {
  expect(await filesWithErrors(edited)).toContain(culprit);
});

it.each([
  ['without a field', '  double: v.strictObject({}),'],
  ['of another type', '  double: v.strictObject({ value: path }),'],
  ['with an optional field too few', '  double: v.strictObject({ value: offset }),'],
])('a schema %s does not compile', async (_what, schema) => {
  const optional = '  double: exchange<{ readonly value: number; readonly more?: number }, number>(),';
  const edits = {
    ...EDITS,
    [QUESTIONS]: [EDITS[QUESTIONS][0], optional],
    [SCHEMAS]: [EDITS[SCHEMAS][0], schema],
  } as unknown as typeof EDITS;
  expect(await filesWithErrors([QUESTIONS, SCHEMAS, ANSWERS], edits)).toEqual([SCHEMAS]);
});
