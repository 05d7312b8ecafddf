/** Tells the person and the log, once each, of state of an earlier run that was not taken over. */
import { stateNotice } from '../../../shared/stored/stored-state.ts';
import type { Log } from '../log.ts';
import type { OnStateProblem } from './state-file.ts';

/** What state that is kept between runs is called in notices. */
const STATE_NAMES = {
  recent: 'The list of recent images',
  window: 'The place of the window',
} as const;

/** Sentences that wait for the window. */
export class StateNotices {
  readonly #log: Log;
  #waiting: string[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  /** The notice of a problem with this state. */
  tellerOf(name: keyof typeof STATE_NAMES): OnStateProblem {
    return (problem, keptAs) => {
      this.#waiting.push(stateNotice(STATE_NAMES[name], problem, keptAs));
      this.#log.note('state', { name, problem });
    };
  }

  /** The sentences that were not taken before. */
  take(): readonly string[] {
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }
}
