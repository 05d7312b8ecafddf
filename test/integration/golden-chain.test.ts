import { beforeAll, describe, expect, it } from 'vitest';
import type { EnginePlan, LayerPlan } from '../../electron/engine/worker/protocol.ts';
import { writeChain } from '../../examples/layer-bytes.mjs';
import { golden } from '../../examples/recipes.mjs';
import { HOLE_OVERRIDES, LOCAL, OVERRIDES, STATES, stateOf } from '../../shared/extent/flags.ts';
import type { StatusBatch } from '../../shared/extent/status-batch.ts';
import type { ExtentsReply } from '../../shared/ipc/questions.ts';
import { PRESENT } from '../../shared/model/tile.ts';
import { ALL_FINDINGS } from '../support/findings.ts';
import {
  GOLDEN_EXPORTS,
  GOLDEN_QEMU_MAP,
  GOLDEN_TABLE,
  type GoldenExport,
  type GoldenLayer,
  type GoldenRow,
  stateOverNbd,
} from '../support/golden-table.ts';
import { type MergeSession, openSession, planFiles } from '../support/merge-session.ts';
import { statusList } from '../support/status-lists.ts';
import { temporaryFolder } from '../support/tools.ts';

const ORDER: readonly GoldenLayer[] = ['base', 'mid', 'top'];
const SIZES = [2 ** 20, 2 ** 20, 1280 * 1024];
const CONTEXTS = ['base:allocation', 'qemu:allocation-depth'] as const;
const CLUSTER = 65_536;

let paths: string[];

beforeAll(async () => {
  paths = await writeChain(golden, temporaryFolder());
});

/** The answer of an export to one request for everything. */
function batchOf(served: GoldenExport, size: number): StatusBatch {
  const lists = CONTEXTS.map((context, i) =>
    statusList(
      i,
      served[context].split(' | ').map(row => {
        const [, length, value] = row.split(' ').map(Number) as [number, number, number];
        return { length, value };
      }),
    ),
  );
  return { offset: 0, covered: size, lists };
}

function exportOf(layer: GoldenLayer, alone: boolean): GoldenExport {
  return GOLDEN_EXPORTS.find(served => served.layer === layer && served.alone === alone)!;
}

/** The answers of the layers served alone; the base has nothing below it. */
const ALONE = ORDER.map((layer, i) => batchOf(exportOf(layer, layer !== 'base'), SIZES[i]!));

function nbdPlan(): EnginePlan {
  const layers = ORDER.map(
    (title, i): LayerPlan => ({
      title,
      size: SIZES[i]!,
      clusterSize: CLUSTER,
      nbd: { exportKind: 'isolatedLayer', contexts: CONTEXTS },
    }),
  );
  return { layers, size: SIZES[2]!, buildPyramid: true, extentBudget: 1000 };
}

async function fedAlone(plan: EnginePlan): Promise<MergeSession> {
  const session = openSession(plan);
  for (const [layer, batch] of ALONE.entries()) {
    session.feed(layer, batch);
    session.send({ kind: 'feedEnded', layer, end: {} });
  }
  return session;
}

/** The word of a track at an offset. */
function wordAt(reply: ExtentsReply, track: number, offset: number): { word: number; owner: number } {
  if (reply.tooMany) throw new Error('too many extents');
  const { starts, words, owners } = reply.tracks[track]!;
  const i = starts.findLastIndex(start => start <= offset);
  return { word: words[i]!, owner: owners[i] ?? -1 };
}

/** The golden table as the tracks of a session show it. */
async function tableOf(session: MergeSession): Promise<GoldenRow[]> {
  const reply = await session.ask('extents', { start: 0, end: SIZES[2]! });
  return GOLDEN_TABLE.map(({ offset, length }) => {
    const guest = wordAt(reply, 0, offset);
    const state = (layer: number) => stateOf(wordAt(reply, 3 - layer, offset).word);
    return {
      offset,
      length,
      states: { base: state(0), mid: state(1), top: state(2) },
      owner: guest.word & LOCAL ? ORDER[guest.owner] : undefined,
      overrides: (guest.word & OVERRIDES) !== 0,
    };
  });
}

describe('the golden chain', () => {
  it('comes out cell by cell from the metadata', async () => {
    const session = openSession(planFiles(paths));
    await session.read();
    expect(await tableOf(session)).toEqual(GOLDEN_TABLE);
  });

  it('comes out cell by cell over NBD, in its coarser states', async () => {
    const coarser = GOLDEN_TABLE.map(row => ({
      ...row,
      states: {
        base: stateOverNbd(row.states.base),
        mid: stateOverNbd(row.states.mid),
        top: stateOverNbd(row.states.top),
      },
    }));
    expect(await tableOf(await fedAlone(nbdPlan()))).toEqual(coarser);
  });

  it('has its zero clusters over the base as holes that override, on both witnesses', async () => {
    const read = openSession(planFiles(paths));
    await read.read();
    for (const session of [read, await fedAlone(nbdPlan())]) {
      const reply = await session.ask('extents', { start: 0, end: SIZES[2]! });
      const marked = GOLDEN_TABLE.filter(({ offset }) => wordAt(reply, 0, offset).word & HOLE_OVERRIDES);
      expect(marked.map(({ offset }) => offset / CLUSTER)).toEqual([3, 4, 5]);
      const { tiles } = await session.ask('tiles', { level: 16, first: 0, count: 1 });
      const guest = [...tiles[0]!.present.subarray(0, 20)];
      expect(guest.flatMap((bits, column) => (bits & PRESENT.holeOverrides ? [column] : []))).toEqual([
        3, 4, 5,
      ]);
      expect([...tiles[0]!.owners.subarray(0, 20)]).toEqual(
        GOLDEN_TABLE.flatMap(({ owner, length }) =>
          new Array<number>(length / CLUSTER).fill(owner === undefined ? -1 : ORDER.indexOf(owner)),
        ),
      );
    }
  });

  it('agrees between the witnesses, whichever comes first', async () => {
    const plan = () => planFiles(paths, {}, { exportKind: 'isolatedLayer', contexts: CONTEXTS });
    const nbdFirst = await fedAlone(plan());
    await nbdFirst.read();
    const nbdLast = openSession(plan());
    await nbdLast.read();
    for (const [layer, batch] of ALONE.entries()) nbdLast.feed(layer, batch);
    for (const session of [nbdFirst, nbdLast])
      expect(await session.ask('findings', ALL_FINDINGS)).toEqual({ findings: [], total: 0 });
  });

  it.each(['before', 'after'])(
    'shows where the witnesses differ, once, when NBD comes %s the metadata',
    async when => {
      const session = openSession(planFiles(paths, {}, { exportKind: 'isolatedLayer', contexts: CONTEXTS }));
      if (when === 'after') await session.read();
      const changed = {
        ...exportOf('mid', true),
        'qemu:allocation-depth': '0 131072 0 | 131072 65536 1 | 196608 851968 0',
      };
      const wrong = batchOf(changed, SIZES[1]!);
      [ALONE[0]!, wrong, ALONE[2]!].forEach((batch, layer) => {
        session.feed(layer, batch);
        session.send({ kind: 'feedEnded', layer, end: {} });
      });
      await session.read();
      const { findings } = await session.ask('findings', ALL_FINDINGS);
      expect(
        findings.map(({ code, layer, count, guest, witnesses }) => [
          code,
          layer,
          count,
          guest.map(([start, length]) => [start / CLUSTER, length / CLUSTER]),
          witnesses?.map(({ answer }) => answer),
        ]),
      ).toEqual([
        [
          'WITNESSES_DIFFER',
          1,
          2,
          [
            [3, 1],
            [5, 1],
          ],
          ['zeroHole', 'unallocated'],
        ],
        ['WITNESSES_DIFFER', 1, 1, [[1, 1]], ['data', 'unallocated']],
        ['WITNESSES_DIFFER', 1, 1, [[2, 1]], ['unallocated', 'zeroHole']],
        ['WITNESSES_DIFFER', 1, 1, [[4, 1]], ['zeroAllocated', 'unallocated']],
      ]);
    },
  );

  it('shows owners by depth where the whole chain comes from one export, and does not guess what they hide', async () => {
    const plan: EnginePlan = {
      layers: [
        {
          title: 'disk',
          size: SIZES[2]!,
          clusterSize: 1,
          nbd: { exportKind: 'wholeChain', contexts: CONTEXTS },
        },
      ],
      size: SIZES[2]!,
      buildPyramid: true,
      extentBudget: 1000,
    };
    const session = openSession(plan);
    session.feed(0, batchOf(exportOf('top', false), SIZES[2]!));
    session.send({ kind: 'feedEnded', layer: 0, end: {} });
    const tracks = session.messages.findLast(message => message.kind === 'tracks');
    expect(tracks?.kind === 'tracks' && tracks.tracks.map(({ kind, depth }) => `${kind} ${depth}`)).toEqual([
      'guest 0',
      'depth 1',
      'depth 2',
      'depth 3',
    ]);
    const reply = await session.ask('extents', { start: 0, end: SIZES[2]! });
    for (const { offset, owner, states } of GOLDEN_TABLE) {
      const lane = owner === undefined ? -1 : ORDER.indexOf(owner);
      const pastMid = offset >= SIZES[1]! && owner === undefined; // qemu names the shorter layer: its size is not known here
      const guest = wordAt(reply, 0, offset);
      expect([offset, guest.word & LOCAL ? guest.owner : -1]).toEqual([offset, pastMid ? 1 : lane]);
      for (const hidden of ORDER.keys()) {
        const state = stateOf(wordAt(reply, 3 - hidden, offset).word);
        const expected =
          hidden > lane ? 'unallocated' : hidden < lane ? 'unread' : stateOverNbd(states[owner!]);
        if (!pastMid) expect([offset, hidden, state]).toEqual([offset, hidden, expected]);
      }
    }
    expect((await session.ask('inspect', { offset: 4 * CLUSTER })).sentence).toBe(
      'Reads as zeros, set in depth 2; over NBD it is not known what this hides, nor whether host space is kept.',
    );
  });

  it('prints the map of qemu-img', async () => {
    const session = openSession(planFiles(paths, { buildPyramid: false }));
    const rows = JSON.parse(await session.list({ list: 'qemu-img', compressed: false }));
    const ours = rows.map(({ offset: _, ...row }: { offset?: number }) => row); // hosts: written in another order here
    expect(ours).toEqual(GOLDEN_QEMU_MAP.map(({ offset: _, ...row }) => row));
  });

  it.each([
    ['base:allocation', 'allocation'],
    ['qemu:allocation-depth', 'depth'],
  ] as const)('prints what nbdinfo prints for %s', async (context, kind) => {
    const session = openSession(planFiles(paths, { buildPyramid: false }));
    const printed = async (layer?: number) => {
      const rows: { offset: number; length: number; type: number }[] = JSON.parse(
        await session.list({ list: 'nbdinfo', context: kind }, layer),
      );
      return rows.map(({ offset, length, type }) => `${offset} ${length} ${type}`).join(' | ');
    };
    expect(await printed()).toBe(exportOf('top', false)[context]);
    expect(await printed(1)).toBe(exportOf('mid', true)[context]);
    expect(await printed(2)).toBe(exportOf('top', true)[context]);
    expect(await printed(0)).toBe(exportOf('base', false)[context]);
  });

  it('says in one sentence what is read at an offset, and what it hides', async () => {
    const session = openSession(planFiles(paths));
    await session.read();
    const { sentence, layers, ...found } = await session.ask('inspect', { offset: 4 * CLUSTER + 5 });
    expect(found).toMatchObject({
      start: 4 * CLUSTER,
      end: 5 * CLUSTER,
      owner: 1,
      overridden: [0],
      shadowed: [],
    });
    expect(layers.map(({ title, word }) => `${title} ${stateOf(word)}`)).toEqual([
      'top.qcow2 unallocated',
      'mid.qcow2 zeroAllocated',
      'base.qcow2 data',
    ]);
    expect(sentence).toBe(
      'Reads as zeros, set in mid.qcow2; host space is still reserved. Hides what base.qcow2 holds here. ' +
        'It looks like a hole, but it is not: dropping it would bring the hidden data back.',
    );
  });

  it('gives the same answers when nothing of what was read fits in memory', async () => {
    const [kept, dropped] = [
      openSession(planFiles(paths)),
      openSession(planFiles(paths, { extentBudget: 0 })),
    ];
    await kept.read();
    await dropped.read();
    const range = { start: 0, end: SIZES[2]! };
    expect(await dropped.ask('extents', range)).toEqual(await kept.ask('extents', range));
    expect(await dropped.ask('statistics', range)).toEqual(await kept.ask('statistics', range));
  });

  it('counts every byte once in its totals', async () => {
    const session = openSession(planFiles(paths, { buildPyramid: false }));
    const totals = await session.ask('totals', { layer: undefined });
    const clusters = (sum: number) => sum / CLUSTER;
    const states = Object.fromEntries(STATES.map((state, i) => [state, clusters(totals.states[i]!)]));
    expect(states).toMatchObject({
      data: 5,
      compressed: 1,
      zeroHole: 3,
      zeroAllocated: 1,
      unallocated: 7,
      outOfRange: 3,
    });
    expect(totals.owners.map(clusters)).toEqual([2, 4, 4, 10]);
    expect([totals.overrides, totals.holeOverrides].map(clusters)).toEqual([6, 3]);
    expect(totals.overridden.map(clusters)).toEqual([6, 0, 0]);
  });
});
