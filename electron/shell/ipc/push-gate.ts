/** Pushes about one chain, held back until the window knows the chain. */
import type { IpcPushes } from '../../../shared/ipc/contract.ts';
import type { LayerProgress } from '../../../shared/model/progress.ts';
import type { SessionEvents } from '../../service/chain-session.ts';

/** The pushes that are about an open chain. */
export type ChainPush =
  | 'chain:progress'
  | 'chain:changed'
  | 'chain:filesChanged'
  | 'chain:tracks'
  | 'chain:findings';

/** Sends a push to the window. */
export type SendPush = <P extends ChainPush>(name: P, payload: IpcPushes[P]) => void;

/** The order in which held pushes are sent. */
const FLUSHED = [
  'chain:tracks',
  'chain:changed',
  'chain:findings',
  'chain:filesChanged',
  'chain:progress',
] as const satisfies readonly ChainPush[];

type HeldPushes = { -readonly [P in ChainPush]?: IpcPushes[P] };

/**
 * What the engine says of a chain, on its way to the window. A push may overtake the reply that opens the chain, and one
 * that the window cannot place is lost; so the gate is shut until the window subscribes. Meanwhile the newest of each push
 * is kept, and of changed ranges their hull. The engine has throttled them already.
 */
export class PushGate {
  readonly #sessionId: number;
  readonly #send: SendPush;
  readonly #held: HeldPushes = {};
  #state: 'shut' | 'open' | 'stopped' = 'shut';
  #progress: readonly LayerProgress[] = [];

  constructor(sessionId: number, send: SendPush) {
    this.#sessionId = sessionId;
    this.#send = send;
  }

  /** What the session reports to, but for its end, which is reported elsewhere. */
  readonly events: Omit<SessionEvents, 'onStopped' | 'onWalk'> = {
    onProgress: layers => {
      this.#progress = layers;
      this.#pass('chain:progress', { sessionId: this.#sessionId, layers });
    },
    onChanged: (version, start, end) => {
      const held = this.#held['chain:changed'];
      this.#pass('chain:changed', {
        sessionId: this.#sessionId,
        version: Math.max(version, held?.version ?? version),
        start: Math.min(start, held?.start ?? start),
        end: Math.max(end, held?.end ?? end),
      });
    },
    onTracks: tracks => this.#pass('chain:tracks', { sessionId: this.#sessionId, tracks }),
    onFindings: summary => this.#pass('chain:findings', { sessionId: this.#sessionId, summary }),
  };

  /** Files of these layers have changed on disk. */
  onFilesChanged(layers: readonly number[]): void {
    this.#pass('chain:filesChanged', { sessionId: this.#sessionId, layers });
  }

  /** The window knows the chain: sends what was held and from now on everything at once. Safe to call twice. */
  open(): void {
    if (this.#state !== 'shut') return;
    this.#state = 'open';
    for (const name of FLUSHED) {
      const payload = this.#held[name];
      delete this.#held[name];
      if (payload !== undefined) this.#send(name, payload);
    }
  }

  /** Lets nothing through any more. */
  stop(): void {
    this.#state = 'stopped';
  }

  /** True while a layer is still to be read, or the window does not know yet how reading ended. */
  get isReading(): boolean {
    const isHeld = this.#state === 'shut' && this.#held['chain:progress'] !== undefined;
    return isHeld || this.#progress.some(({ phase }) => phase === 'waiting' || phase === 'reading');
  }

  #pass<P extends ChainPush>(name: P, payload: IpcPushes[P]): void {
    if (this.#state === 'open') this.#send(name, payload);
    else if (this.#state === 'shut') this.#held[name] = payload as HeldPushes[P];
  }
}
