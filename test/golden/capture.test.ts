/** A capture opens as the chain that it was made of: the same map, layers, check and layout, without its data. */
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkDocument } from '../../electron/formats/check-json.ts';
import { layoutDocument } from '../../electron/formats/layout-json.ts';
import { captureTarget } from '../../electron/service/capture/capture-target.ts';
import { checkTarget } from '../../electron/service/check-target.ts';
import { describeTarget } from '../../electron/service/describe-target.ts';
import { withLayout } from '../../electron/service/layout-target.ts';
import type { ChainCheck } from '../../shared/model/check.ts';
import type { OpenTarget } from '../../shared/model/target.ts';
import { DEMO_CHAINS, version1Chain } from '../support/images/chains.ts';
import { DAMAGED_IMAGES } from '../support/images/damaged/damaged-images.ts';
import type { DamagedImage } from '../support/images/damaged/parts.ts';
import { listed, withTarget } from '../support/session.ts';
import { hashFile, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();
const CONSENT = { allow: [], allowAll: true };
let captures = 0;

/** Found by what lies in clusters that are no tables, or outside of the image: a capture has neither. */
const FROM_DATA = new Set([
  'QCOW2_L1_REPLACED',
  'QCOW2_ORPHAN_TABLE',
  'QCOW2_EMPTY_DISK_TABLES',
  'QCOW2_FREE_TABLE',
  'QCOW2_SNAPSHOTS_HIDDEN',
  'QCOW2_LIKELY_CAUSE',
]);

/** Steps of a check that need more than tables. */
const DATA_STEPS = new Set([
  'compressed data',
  'reading of all data',
  'comparison with qemu-nbd',
  'clusters that nothing refers to',
]);

type Files = OpenTarget & { kind: 'files' };

function filesOf(...files: string[]): Files {
  return { kind: 'files', files };
}

async function captured(target: Files, showPaths = true): Promise<Files> {
  const path = join(folder, `${captures++}.cowscope`);
  await captureTarget(target, CONSENT, { path, images: target.files }, { showPaths });
  return filesOf(path);
}

/** Everything that is said of a target, as documents. */
async function said(target: Files) {
  const { chain, check } = await checkTarget(target, CONSENT);
  const layouts: unknown[] = [];
  for (const { index } of chain.layers)
    layouts.push(
      await withLayout(target, CONSENT, { layer: index }, async (info, { layout, columns, runs }) =>
        layoutDocument(info, layout, { dataRuns: columns.runsOf('data'), ranges: [...runs()] }),
      ).catch(error => error.code),
    );
  const map = await withTarget(target, { witness: 'metadata' }, async session => ({
    // Of raw layers qemu-nbd tells the holes, and a capture does not know them.
    rows: chain.layers.some(({ format }) => format === 'raw')
      ? []
      : await listed(session, { spec: { list: 'map', format: 'json', hosts: true }, layer: undefined }),
    findings: await session.allFindings(),
  }));
  const { capture: _, notes: _notes, ...layers } = await describeTarget(target, CONSENT);
  return plain({ check: checkDocument(chain, check), layouts, map, layers });
}

/** As JSON has it, without what a capture cannot know: what lies in data, and what is said of how it is read. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, item) => {
    if (key === 'capture' || key === 'notes' || (key === 'causedBy' && FROM_DATA.has(item))) return undefined;
    if (key === 'error' && LINK_ERROR.has(item.code)) return 'not opened';
    if (key === 'why') return item.replace(/no such file|the file was not opened[^;]*/, 'not opened');
    if (!Array.isArray(item)) return item;
    return item.filter(
      one => !(typeof one === 'object' && one !== null && isFromData(one as Record<string, unknown>)),
    );
  });
}

/** The reason why a file was not opened has other words in a capture. */
const LINK_ERROR = new Set(['CHAIN_FILE_MISSING', 'CAPTURE_LINK']);

function isFromData({ code, name }: Record<string, unknown>): boolean {
  return FROM_DATA.has(String(code)) || DATA_STEPS.has(String(name));
}

describe('a capture', () => {
  it.each(DEMO_CHAINS)('says of the demo chain (%s) what its files say', async (name, make) => {
    const files = await make(await mkdtemp(join(folder, `${name} `)));
    const target = filesOf(files.at(-1)!);
    const before = await Promise.all(files.map(hashFile));
    const capture = await captured(target);
    expect(await said(capture)).toEqual(await said(target));
    expect(await Promise.all(files.map(hashFile))).toEqual(before);
  });

  it('has the L1 tables of version 1 images, which lie behind the header or a name that is replaced', async () => {
    const target = filesOf(await version1Chain(await mkdtemp(join(folder, 'version 1 '))));
    const rows = (of: Files) =>
      withTarget(of, { witness: 'metadata' }, session =>
        listed(session, { spec: { list: 'qemu-img', compressed: false }, layer: undefined }),
      );
    const whole = await rows(target);
    expect(whole).toHaveLength(6);
    expect(await rows(await captured(target, false))).toEqual(whole);
  });

  it.each(
    DAMAGED_IMAGES.filter(image => !isReplaced(image)).map(image => [image.id, image.title, image] as const),
  )('says of damage %s what the file says: %s', async (_id, _title, { make }) => {
    const target = filesOf(make());
    expect(await said(await captured(target))).toEqual(asOfCapture(await said(target)));
  });

  it('is checked as incomplete where clusters count as leaked: tables may lie in them', async () => {
    const leaking = DAMAGED_IMAGES.find(({ id }) => id === 'L1 zeroed') as DamagedImage;
    const target = filesOf(leaking.make());
    const [ofFile, ofCapture] = [
      await checkTarget(target, CONSENT),
      await checkTarget(await captured(target), CONSENT),
    ];
    expect([ofFile.check.verdict, ofCapture.check.verdict]).toEqual(['incomplete', 'incomplete']);
    expect(ofCapture.check.layers[0]?.steps).toContainEqual({
      name: 'clusters that nothing refers to',
      done: false,
      missing: true,
      why: 'a capture holds nothing of them: 4 clusters count as used, and tables may lie there',
    });
  });

  it.each(DAMAGED_IMAGES.filter(isReplaced).map(image => [image.id, image] as const))(
    'says of damage %s the same but for its cause, and that unused clusters were not looked at',
    async (_id, { make }) => {
      const target = filesOf(make());
      const capture = await captured(target);
      const [ofCapture, ofFile] = [await checkTarget(capture, CONSENT), await checkTarget(target, CONSENT)];
      const codes = ({ findings }: ChainCheck) =>
        findings.map(({ code }) => code).filter(code => !FROM_DATA.has(code));
      expect(codes(ofCapture.check)).toEqual(codes(ofFile.check));
      expect(['corrupt', 'incomplete']).toContain(ofCapture.check.verdict);
      const leftOut = { name: 'clusters that nothing refers to', done: false };
      expect(ofCapture.check.layers[0]?.steps).toContainEqual(expect.objectContaining(leftOut));
    },
  );
});

/** What a capture says where the file is said to have leaks alone: it has none of the leaked clusters, and tables may lie there. */
function asOfCapture(ofFile: unknown): unknown {
  return JSON.parse(JSON.stringify(ofFile), (key, item) =>
    key === 'verdict' && item === 'leaks' ? 'incomplete' : item,
  );
}

/** True of damage that a cluster shows to which nothing refers: the capture has none of it. */
function isReplaced({ codes }: DamagedImage): boolean {
  return codes.includes('QCOW2_L1_REPLACED');
}
