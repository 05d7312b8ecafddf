/** The target on its way to the window: held until the window listens, and given again when it begins anew. */
import type { OpenTarget } from '../../shared/model/target.ts';
import type { OpenRequest } from './launch-target.ts';

/** Targets that come from outside the window. */
export interface PendingTarget {
  /** Hands a target to the window, now or when it listens. A newer one takes the place of one that waits. */
  deliver(request: OpenRequest): void;
  /** The window listens now. What waited for it is given once, and what comes later is sent. */
  listen(): OpenTarget | undefined;
  /** The window begins anew: what it showed last waits for it again. */
  restart(): void;
  /** What the window shows now, undefined for nothing. */
  shows(request: OpenRequest | undefined): void;
  /** What the window will be handed when it listens, undefined for nothing. */
  waiting(): OpenRequest | undefined;
  /** What was said with a target, as long as no other one came after it. */
  requestFor(target: OpenTarget): OpenRequest | undefined;
}

/** An inbox that hands over by `send`. */
export function inbox(send: (target: OpenTarget) => void): PendingTarget {
  let newest: OpenRequest | undefined;
  let listening = false;
  return {
    deliver(request) {
      newest = request;
      if (listening) send(request.target);
    },
    listen() {
      if (listening) return undefined;
      listening = true;
      return newest?.target;
    },
    restart() {
      listening = false;
    },
    shows(request) {
      newest = request;
    },
    waiting: () => (listening ? undefined : newest),
    requestFor: target => (JSON.stringify(target) === JSON.stringify(newest?.target) ? newest : undefined),
  };
}
