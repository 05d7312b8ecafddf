/**
 * How many status requests a walk keeps in flight.
 *
 * One, as a rule. Several make the table cache of a qemu server thrash (4 s became 206 s on 1 TiB, and the server
 * stayed slow afterwards), and a server close by is busy anyway. Where the way to the server takes most of a request's
 * time and the server is not qemu, more of them fill that way.
 */
import type { NbdConnection } from '../client/connection.ts';
import { MAX_STATUS_EXTENTS } from '../wire/protocol.ts';
import { MAX_STATUS_BYTES } from '../wire/status-reply.ts';

/** The pace of one walk. */
export interface RequestWindow {
  /** Requests that may be in flight now, at least 1. */
  readonly inFlight: number;
  /** Notes that a request was answered or refused. Times in milliseconds of one clock. */
  answered(sent: number, now: number): void;
}

/** What of a connection decides its pace. */
export type RequestWindowTerms = Pick<
  NbdConnection,
  'serialStatusRequests' | 'roundTrip' | 'contexts' | 'extendedHeaders' | 'statusFilter'
>;

/** Most requests in flight. */
const MAX_IN_FLIGHT = 8;
/** Round trips shorter than this many milliseconds are those of a local network: one request after another will do. */
const FAR = 5;
/** The round trip dominates when it takes so many times what the server and the reply's bytes take. */
const DOMINATES = 2;
/** Weight of what was known against the newest request. */
const INERTIA = 3;

/** The pace for a connection: 1 until the first request has shown what a reply costs. */
export function createPace(terms: RequestWindowTerms): RequestWindow {
  const { roundTrip } = terms;
  const most = mostInFlight(terms);
  let work: number | undefined;
  let lastAnswer = Number.NEGATIVE_INFINITY;
  return {
    get inFlight() {
      if (work === undefined || roundTrip < FAR || roundTrip < DOMINATES * work) return 1;
      return Math.min(most, 1 + Math.ceil(roundTrip / work));
    },
    answered(sent, now) {
      // A reply kept the server and the line busy from the request's arrival, or from the reply before it.
      const spent = Math.max(0, now - Math.max(sent + roundTrip, lastAnswer));
      work = work === undefined ? spent : (INERTIA * work + spent) / (INERTIA + 1);
      lastAnswer = now;
    },
  };
}

/**
 * Replies that may be asked for before the first of them is taken, so that one that falls short can be completed by
 * several requests while those behind it wait.
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
}: RequestWindowTerms): number {
  if (serialStatusRequests || statusFilter) return 1; // what is kept between filtered requests needs them in order
  const reply = contexts.length * MAX_STATUS_EXTENTS * (extendedHeaders ? 16 : 8);
  const replies = Math.floor(MAX_STATUS_BYTES / reply);
  return Math.max(1, Math.min(MAX_IN_FLIGHT, Math.floor((replies + 1) / 2)));
}
