/** Queues what came for the window from outside of it until the window listens, and delivers it again after a reload. */
import type { Arrival } from '../../shared/model/arrival.ts';
import type { OpenTarget } from '../../shared/model/target.ts';
import type { LaunchRequest, OpenRequest, TargetRequest } from './launch-target.ts';

/** Requests that come from outside the window. */
export interface PendingTarget {
  /** Hands a request to the window, now or when it listens. A newer one takes the place of one that waits. */
  deliver(request: LaunchRequest): void;
  /** The window listens now. What waited for it is given once, and what comes later is sent. */
  listen(): Arrival | undefined;
  /** The window reloads: what it showed last waits for it again. */
  restart(): void;
  /** What the window shows now, undefined for nothing. */
  shows(request: OpenRequest | undefined): void;
  /** The target that the window will be handed when it listens, undefined for none. */
  waiting(): TargetRequest | undefined;
  /** What was said with a target, as long as nothing else came after it. */
  requestFor(target: OpenTarget): OpenRequest | undefined;
}

/** Queues requests and hands them over by `send`. */
export function createPendingTarget(send: (arrival: Arrival) => void): PendingTarget {
  let newest: LaunchRequest | undefined;
  let listening = false;
  const newestTarget = () => (newest?.kind === 'target' ? newest : undefined);
  const askedWith = (target: OpenTarget) => {
    const request = newestTarget();
    return JSON.stringify(target) === JSON.stringify(request?.target) ? request : undefined;
  };
  return {
    deliver(request) {
      newest = request;
      if (listening) send(arrivalOf(request));
    },
    listen() {
      if (listening) return undefined;
      listening = true;
      return newest === undefined ? undefined : arrivalOf(newest);
    },
    restart() {
      listening = false;
    },
    shows(request) {
      // A chain may be opened before the window listens: the window still has to be sent where to look first.
      const start = !listening && request !== undefined ? askedWith(request.target)?.start : undefined;
      newest = request && { kind: 'target', ...request, ...(start === undefined ? {} : { start }) };
    },
    waiting: () => (listening ? undefined : newestTarget()),
    requestFor: askedWith,
  };
}

/** The part of a request that the window gets: consent stays in the main process. */
function arrivalOf(request: LaunchRequest): Arrival {
  if (request.kind !== 'target') return request;
  const { kind, target, start } = request;
  return { kind, target, ...(start === undefined ? {} : { start }) };
}
