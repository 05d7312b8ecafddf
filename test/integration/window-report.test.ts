/** Reports that the window asks for: written where the person chooses, never over an image, and given up without a trace. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChainSession } from '../../electron/service/chain-session.ts';
import { planWithPicture } from '../../electron/service/plan/plan-target.ts';
import { gatherReport } from '../../electron/service/report/gather-report.ts';
import type { OpenedRequest } from '../../electron/shell/ipc/chain-controller.ts';
import type { MadePlan } from '../../electron/shell/ipc/plan-controller.ts';
import { ReportController } from '../../electron/shell/ipc/report-controller.ts';
import type { ChainInfo } from '../../shared/model/layer.ts';
import type { ReportProgress } from '../../shared/model/report/report-request.ts';
import { cowscope } from '../support/cli.ts';
import { shortMiddleChain } from '../support/images/chains.ts';
import { schemaErrors } from '../support/json-schema.ts';
import { chooseBuiltWorker, openTarget } from '../support/session.ts';
import { hashFile, temporaryFolder } from '../support/tools.ts';
import { elementsOf, parseXml } from '../support/xml.ts';

const folder = temporaryFolder();
const consent = { allow: [], allowAll: false };
/** A folder with a space in its name, which no other text of a report has. */
const store = join(temporaryFolder(), 'the store');
let session: ChainSession;
let files: string[];
let made: MadePlan;

beforeAll(async () => {
  chooseBuiltWorker();
  await mkdir(store);
  files = await shortMiddleChain(folder);
  const target = { kind: 'files', files: files.slice(-1) } as const;
  session = await openTarget(target, { buildPyramid: true, witness: 'metadata' });
  const choice = { operation: 'commit', job: 'qemu-img', from: '1', into: '0', stores: [store] } as const;
  made = { ...(await planWithPicture(target, consent, choice)), stores: [store] };
});

function opened(): OpenedRequest {
  const target = { kind: 'files', files: files.slice(-1) } as const;
  return {
    chain: { layers: [{ name: 'top.qcow2', path: files[2] }] as unknown as ChainInfo['layers'] } as ChainInfo,
    request: { target, consent, forceShare: false, allowLocalFiles: false },
  };
}

/** A controller whose dialog answers `path`, with what it was asked and what it told. */
function controllerFor(path: string | undefined) {
  const suggested: string[] = [];
  const progress: ReportProgress[] = [];
  const controller: ReportController = new ReportController({
    opened,
    session: () => session,
    plan: planId => (planId === 1 ? made : undefined),
    choosePath: async name => {
      suggested.push(name);
      return path;
    },
    onProgress: told => progress.push(told),
  });
  return { controller, suggested, progress };
}

afterAll(() => session.close());

describe('a report of the window', () => {
  it('is a page with the plan that was open, without folders, and tells of its steps', async () => {
    const path = join(folder, 'report.html');
    const { controller, suggested, progress } = controllerFor(path);
    const saved = await controller.handlers['report:save']({
      sessionId: 1,
      format: 'html',
      showPaths: false,
      planId: 1,
    });
    expect(saved).toEqual({ path, unread: 0 });
    expect(suggested).toEqual(['top-report.html']);
    const page = await readFile(path, 'utf8');
    const elements = elementsOf(parseXml(page.replace(/^<!DOCTYPE html>\n/, '')));
    const names = elements.map(({ name }) => name);
    expect(names.filter(name => name === 'script' || name === 'link')).toEqual([]);
    expect(page.match(/<svg xmlns/g)).toHaveLength(4);
    for (const text of [
      'The plan',
      'PLAN_DATA_COMES_BACK',
      'Would commit mid.qcow2 into base.qcow2.',
      'Written',
    ])
      expect(page).toContain(text);
    expect(page.indexOf('PLAN_DATA_COMES_BACK')).toBeLessThan(page.indexOf('Numbers of the plan'));
    expect(page).toContain('qemu-img commit -p -f qcow2 -d \u2026/mid.qcow2');
    for (const name of [basename(folder), 'the store']) expect(page).not.toContain(name);
    expect([...new Set(progress.map(({ step }) => step))]).toEqual([
      'checking',
      'reading',
      'drawing',
      'writing',
    ]);
  });

  it('is a document of its schema, and its plan one of the schema of plans', async () => {
    const path = join(folder, 'report.json');
    const { controller } = controllerFor(path);
    await controller.handlers['report:save']({ sessionId: 1, format: 'json', showPaths: true, planId: 1 });
    const report = JSON.parse(await readFile(path, 'utf8'));
    const schemaOf = async (name: string) =>
      JSON.parse(await readFile(new URL(`../../docs/formats/${name}`, import.meta.url), 'utf8'));
    expect(schemaErrors(await schemaOf('report.schema.json'), report)).toEqual([]);
    expect(schemaErrors(await schemaOf('plan.schema.json'), report.plan)).toEqual([]);
    expect(report.plan.commands).toEqual(made.plan.commands);
  });

  it('draws the open chain without folders, and writes the picture that the window makes of it', async () => {
    const path = join(folder, 'picture.png');
    const { controller, suggested } = controllerFor(path);
    const svg = await controller.handlers['report:drawing']({ sessionId: 1, showPaths: false });
    expect(elementsOf(parseXml(svg))[0]?.name).toBe('svg');
    expect(svg).toContain('top.qcow2');
    expect(svg).not.toContain(basename(folder));
    const { pictures } = await gatherReport(opened().request.target, consent, {
      showPaths: false,
      allowLocalFiles: false,
    });
    expect(svg).toBe(pictures.light);
    const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47);
    const saved = await controller.handlers['report:savePicture']({ sessionId: 1, png });
    expect(saved).toEqual({ path, unread: 0 });
    expect(suggested).toEqual(['top-picture.png']);
    expect(new Uint8Array(await readFile(path))).toEqual(png);
    await expect(
      controllerFor(files[0]).controller.handlers['report:savePicture']({ sessionId: 1, png }),
    ).rejects.toMatchObject({ code: 'OUTPUT_IS_IMAGE' });
  });

  it('replaces a file as the dialog has asked, and an image never', async () => {
    const page = join(folder, 'old.svg');
    await writeFile(page, 'old');
    await controllerFor(page).controller.handlers['report:save']({
      sessionId: 1,
      format: 'svg',
      showPaths: false,
    });
    expect(await readFile(page, 'utf8')).toMatch(/^<svg/);
    const base = files[0] as string;
    const before = await hashFile(base);
    const save = controllerFor(base).controller.handlers['report:save']({
      sessionId: 1,
      format: 'html',
      showPaths: false,
    });
    await expect(save).rejects.toMatchObject({ code: 'OUTPUT_IS_IMAGE' });
    expect(await hashFile(base)).toBe(before);
  });

  it('writes the rows of the map as `cowscope map --output csv --host-offsets` prints them', async () => {
    const path = join(folder, 'map.csv');
    const { controller, suggested } = controllerFor(path);
    const saved = await controller.handlers['report:save']({ sessionId: 1, format: 'csv', showPaths: false });
    expect(saved).toEqual({ path, unread: 0 });
    expect(suggested).toEqual(['top-map.csv']);
    const args = ['map', '--output', 'csv', '--host-offsets', files.at(-1) as string];
    const { stdout } = await cowscope(args);
    expect(await readFile(path, 'utf8')).toBe(stdout);
  });

  it('is not begun where the dialog is cancelled, or its plan is not kept', async () => {
    const { controller, progress } = controllerFor(undefined);
    const request = { sessionId: 1, format: 'html', showPaths: false } as const;
    expect(await controller.handlers['report:save'](request)).toBeNull();
    await expect(controller.handlers['report:save']({ ...request, planId: 2 })).rejects.toMatchObject({
      code: 'IPC_NO_SESSION',
    });
    expect(progress).toEqual([]);
  });

  it.each(['checking', 'reading', 'drawing', 'writing'] as const)(
    'leaves nothing behind where it is given up while %s',
    async step => {
      const own = temporaryFolder();
      const controller: ReportController = new ReportController({
        opened,
        session: () => session,
        plan: () => undefined,
        choosePath: async () => join(own, 'report.html'),
        onProgress: told => {
          if (told.step === step) controller.close();
        },
      });
      const save = controller.handlers['report:save']({ sessionId: 1, format: 'html', showPaths: false });
      await expect(save).rejects.toMatchObject({ code: 'CANCELLED' });
      expect(await readdir(own)).toEqual([]);
    },
  );
});
