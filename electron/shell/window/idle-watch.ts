/** Detects when the window is idle: it has reported that it is, and there was no call or push since. */
import type { CallName } from '../../../shared/ipc/contract.ts';

/** What is watched. */
export interface IdleWatch {
  /** A call of the window began or ended; `running` are still running. */
  onCall(name: CallName, running: number): void;
  /** Something was pushed to the window. */
  onPush(): void;
  /** True when the window is drawn and settled. `busy` is true while main itself is still reading. */
  quiet(busy: boolean): boolean;
  /** Milliseconds since anything happened. */
  stillFor(): number;
}

/** Milliseconds without activity after which the drawing is taken as settled: several frames on a slow machine. */
const SETTLE_MS = 250;

/**
 * A watch that starts now. The window says that it is idle once what it shows is read and drawn; with something to open,
 * that counts from the moment it has asked for it.
 */
export function createIdleWatch(opens: boolean, now: () => number = () => performance.now()): IdleWatch {
  let running = 0;
  let last = now();
  let hasAsked = !opens;
  let drawn = false;
  return {
    onCall(name, stillRunning) {
      running = stillRunning;
      last = now();
      if (name === 'chain:open') {
        hasAsked = true;
        drawn = false;
      } else if (name === 'app:idle') drawn = hasAsked;
    },
    onPush() {
      last = now();
    },
    quiet: busy => drawn && !busy && running === 0 && now() - last >= SETTLE_MS,
    stillFor: () => now() - last,
  };
}
