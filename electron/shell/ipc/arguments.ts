/**
 * Checks of what the window sends. The window is sandboxed but shows untrusted text, so every argument is checked against
 * the schema of its call (shared/ipc/schemas.ts) before anything is done with it.
 */
import * as v from 'valibot';
import { CowscopeError } from '../../../shared/error.ts';
import {
  type CallArgs,
  type CallName,
  type PlainCallName,
  QUESTION_CALLS,
  type QuestionCall,
} from '../../../shared/ipc/contract.ts';
import { CALL_SCHEMAS, QUESTION_SCHEMAS, SESSION_ID } from '../../../shared/ipc/schemas.ts';

/** Longest part of an error's text that names a field: the window chooses the names. */
const MAX_FIELD_NAME = 80;

/**
 * The checked argument of a call: a fresh value with the declared fields. Throws IPC_BAD_ARGUMENT for anything else,
 * fields that are not declared among it.
 */
export function checkArguments<C extends CallName>(name: C, value: unknown): CallArgs<C> {
  const question = QUESTION_CALLS.get(name as QuestionCall);
  const checked: unknown =
    question === undefined
      ? parse(CALL_SCHEMAS[name as PlainCallName], value)
      : ofSession(value, args => parse(QUESTION_SCHEMAS[question], args));
  return checked as CallArgs<C>;
}

/** The argument of a question: the session it is about, and the rest as `check` returns it. */
function ofSession(value: unknown, check: (args: unknown) => object): object {
  const { sessionId } = parse(v.object({ sessionId: SESSION_ID }), value);
  const { sessionId: _, ...args } = value as { readonly sessionId: number };
  return { ...check(args), sessionId };
}

function parse<S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const field = v.getDotPath(issue)?.slice(0, MAX_FIELD_NAME) ?? 'the argument';
  throw new CowscopeError({
    code: 'IPC_BAD_ARGUMENT',
    what: `The window sent a request that is not valid: ${field} does not pass the check "${issue.type}"`,
    subject: '',
    advice: 'please report this with the steps that led here',
  });
}
