/**
 * How many status requests a walk keeps in flight.
 *
 * One, as a rule. Several make the table cache of a qemu server thrash (4 s became 206 s on 1 TiB, and the server stayed
 * slow afterwards), and a server close by is busy anyway. If the round trip takes most of a request's time and the server
 * is not qemu, more requests in flight fill that time.
 */
import type { OpenExport } from '../client/connection.ts';
import { MAX_STATUS_EXTENTS } from '../wire/protocol.ts';
import { MAX_STATUS_BYTES } from '../wire/status-reply.ts';

/** The properties of a connection that decide its request window. */
export type ConnectionProperties = Pick<
  OpenExport,
  'serialStatusRequests' | 'roundTrip' | 'contexts' | 'extendedHeaders' | 'statusFilter'
>;

/** Most requests in flight. */
const MAX_IN_FLIGHT = 8;
/** A shorter round trip is that of a local network, where one request after another is as fast. */
export const FAR_ROUND_TRIP_MS = 5;
/** The round trip dominates if it is so many times what the server and the reply's bytes take. */
const DOMINANCE_RATIO = 2;
/** Weight of the estimate so far, against 1 for the newest request. */
const ESTIMATE_WEIGHT = 3;

/** The request window of one walk: 1 until the first request has shown what a reply costs. */
export class RequestWindow {
  readonly #roundTrip: number;
  readonly #most: number;
  /** Milliseconds that a request keeps the server and the line busy; undefined before the first reply. */
  #busy: number | undefined;
  #lastAnswer = Number.NEGATIVE_INFINITY;

  constructor(connection: ConnectionProperties) {
    this.#roundTrip = connection.roundTrip;
    this.#most = mostInFlight(connection);
  }

  /** Requests that may be in flight now, at least 1. */
  get inFlight(): number {
    const busy = this.#busy;
    const roundTrip = this.#roundTrip;
    if (busy === undefined || roundTrip < FAR_ROUND_TRIP_MS || roundTrip < DOMINANCE_RATIO * busy) return 1;
    return Math.min(this.#most, 1 + Math.ceil(roundTrip / busy));
  }

  /** Notes that a request was answered or refused. Times in milliseconds of one clock. */
  answered(sent: number, now: number): void {
    // A reply keeps the server and the line busy from the request's arrival, or from the reply before it.
    const spent = Math.max(0, now - Math.max(sent + this.#roundTrip, this.#lastAnswer));
    this.#busy =
      this.#busy === undefined ? spent : (ESTIMATE_WEIGHT * this.#busy + spent) / (ESTIMATE_WEIGHT + 1);
    this.#lastAnswer = now;
  }
}

/**
 * Replies that may be asked for before the first of them is taken, so that one that falls short can be completed by
 * several requests while the replies behind it wait.
 */
export function mostRequested(inFlight: number): number {
  return 2 * inFlight - 1;
}

/** As many as {@link mostRequested} replies of the largest size that the protocol knows fit into what one may hold. */
function mostInFlight({
  serialStatusRequests,
  statusFilter,
  contexts,
  extendedHeaders,
}: ConnectionProperties): number {
  if (serialStatusRequests || statusFilter) return 1; // what is kept between filtered requests needs them in order
  const reply = contexts.length * MAX_STATUS_EXTENTS * (extendedHeaders ? 16 : 8);
  const replies = Math.floor(MAX_STATUS_BYTES / reply);
  return Math.max(1, Math.min(MAX_IN_FLIGHT, Math.floor((replies + 1) / 2)));
}
