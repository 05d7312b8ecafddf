/** Runs of what the guest reads, asked for in parts, against the list of the whole map. */
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { stateOf } from '../../../../shared/extent/flags.ts';
import { MAX_GUEST_RUNS } from '../../../../shared/ipc/questions.ts';
import { writeQcow2 } from '../../../support/images/qcow2-builder.ts';
import { type MergeSession, openSession, planFiles } from '../../../support/merge-session.ts';
import { temporaryFolder } from '../../../support/tools.ts';

const CLUSTER = 65_536;
/** More than two replies hold, in pages of which one alone holds more than a reply. */
const CLUSTERS = 3 * MAX_GUEST_RUNS;
const KINDS = ['data', 'zeroHole', 'unallocated'] as const;

interface Run {
  readonly start: number;
  length: number;
  readonly state: string;
  readonly owner: number | null;
  readonly host?: number;
}

let base: string;
let session: MergeSession;

beforeAll(() => {
  const folder = temporaryFolder();
  const paths = [1, 2].map(step => {
    const path = join(folder, `${step}.qcow2`);
    // The base is shorter: past its end nothing is stored.
    const size = (step === 1 ? CLUSTERS - 1000 : CLUSTERS) * CLUSTER;
    writeQcow2(openSync(path, 'wx+'), { size, clusters: i => KINDS[Math.floor(i / step) % 3]! });
    return path;
  });
  base = paths[0]!;
  session = openSession(planFiles(paths));
});

/** Adds a run, or makes the last one longer where it goes on. Rows of a list end also where another layer is hidden. */
function addRun(runs: Run[], run: Run): void {
  const last = runs.at(-1);
  const isAlike = last?.state === run.state && last.owner === run.owner;
  const hostGoesOn =
    run.host === undefined
      ? last?.host === undefined
      : last !== undefined && last.host === run.host - (run.start - last.start);
  if (last !== undefined && isAlike && hostGoesOn) last.length += run.length;
  else runs.push({ ...run });
}

/** All runs, and how many replies they took. */
async function runsOf(layer?: number): Promise<{ runs: Run[]; replies: number }> {
  const runs: Run[] = [];
  let replies = 0;
  for (let start = 0; ; replies++) {
    const { end, starts, words, owners, hosts } = await session.ask('guestRuns', { start, layer });
    if (starts.length === 0) return { runs, replies };
    expect([starts.length <= MAX_GUEST_RUNS, starts[0]]).toEqual([true, start]);
    for (let i = 0; i < starts.length; i++) {
      const owner = owners[i]! < 0 ? null : owners[i]!;
      const host = hosts[i]! < 0 ? {} : { host: hosts[i]! };
      const at = starts[i]!;
      addRun(runs, {
        start: at,
        length: (starts[i + 1] ?? end) - at,
        state: stateOf(words[i]!),
        owner,
        ...host,
      });
    }
    start = end;
  }
}

async function listed(from: MergeSession): Promise<Run[]> {
  const rows: Run[] = JSON.parse(await from.list({ list: 'map', format: 'json', hosts: true }));
  const runs: Run[] = [];
  for (const { start, length, state, owner, host } of rows)
    addRun(runs, { start, length, state, owner, ...(host === undefined ? {} : { host }) });
  return runs;
}

/** Past the end of a layer nothing is stored: the list says that the layer has ended. */
const asGuest = (runs: readonly Run[]) =>
  runs.map(run => ({ ...run, state: run.state === 'outOfRange' ? 'unallocated' : run.state }));

it('gives the whole chain in parts, each run where the list of the map has it', async () => {
  const { runs, replies } = await runsOf();
  expect(replies).toBeGreaterThan(1);
  const owned = (list: readonly Run[]) => list.filter(({ owner }) => owner !== null);
  expect(owned(runs)).toEqual(owned(await listed(session)));
  expect(runs.reduce((sum, { length }) => sum + length, 0)).toBe(CLUSTERS * CLUSTER);
});

it('gives a layer with what lies below it as if it were the top', async () => {
  const { runs } = await runsOf(0);
  expect(asGuest(runs)).toEqual(asGuest(await listed(openSession(planFiles([base])))));
});

it('gives nothing past the end of the disk, and refuses a layer that there is none of', async () => {
  const { starts } = await session.ask('guestRuns', { start: CLUSTERS * CLUSTER });
  expect(starts.length).toBe(0);
  await expect(session.ask('guestRuns', { start: 0, layer: 2 })).rejects.toMatchObject({
    code: 'LAYER_UNKNOWN',
  });
});

it('begins within a run where that is asked for, with the host offset of that byte', async () => {
  const whole = await session.ask('guestRuns', { start: 0 });
  const at = whole.starts.findIndex((_, i) => whole.hosts[i]! >= 0);
  const start = whole.starts[at]! + 512;
  const { starts, hosts, words } = await session.ask('guestRuns', { start });
  expect([starts[0], hosts[0], words[0]]).toEqual([start, whole.hosts[at]! + 512, whole.words[at]]);
});
