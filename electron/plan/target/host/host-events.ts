/** What the requests of a job do to the clusters of the target's file. */

/** One step of qcow2's driver for guest offsets [start, end). Source: qemu's block/qcow2.c and block/qcow2-cluster.c. */
export interface HostEvent {
  /**
   * `write`: data is written. `zero`: whole clusters are marked as zeros and may give back their host space. `mark`: the
   * L2 table is changed, and no cluster is taken or given back.
   */
  readonly kind: 'write' | 'zero' | 'mark';
  readonly start: number;
  readonly end: number;
}

/** Takes events in the order in which a request makes them. */
export type HostEventSink = (event: HostEvent) => void;
