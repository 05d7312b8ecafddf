/** Questions of the window about the open chain. */
import type { CallArgs } from '../../../shared/ipc/contract.ts';
import type { QuestionArgs, QuestionName, QuestionReply } from '../../../shared/ipc/questions.ts';
import type { Result } from '../../../shared/result.ts';
import { invoke } from '../../bridge/bridge.ts';
import { getState } from '../store.ts';

/**
 * The answer to a question about the open chain; undefined where no chain is open. An answer that comes when another
 * chain is open, or none, is undefined too, and so is an error: it is about nothing that is shown.
 */
export async function askChain<Q extends QuestionName>(
  question: Q,
  args: QuestionArgs<Q>,
): Promise<Result<QuestionReply<Q>> | undefined> {
  const sessionId = getState().chain?.sessionId;
  if (sessionId === undefined) return undefined;
  const call = `chain:${question}` as const;
  const reply = await invoke(call, { ...args, sessionId } as CallArgs<typeof call>);
  return getState().chain?.sessionId === sessionId ? (reply as Result<QuestionReply<Q>>) : undefined;
}
