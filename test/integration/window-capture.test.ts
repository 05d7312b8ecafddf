/** Captures as the window asks for them: the controller with the real service behind it. */
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ChainSession } from '../../electron/service/chain-session.ts';
import { checkTarget } from '../../electron/service/check-target.ts';
import { CaptureController } from '../../electron/shell/ipc/capture-controller.ts';
import type { ChainInfo } from '../../shared/model/layer.ts';
import type { CaptureProgress } from '../../shared/model/report/capture-summary.ts';
import type { MapTotals } from '../../shared/model/statistics.ts';
import type { OpenTarget } from '../../shared/model/target.ts';
import { goldenChain } from '../support/images/chains.ts';
import { withTarget } from '../support/session.ts';
import { temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();
let files: string[];

beforeAll(async () => {
  files = await goldenChain(await mkdtemp(join(folder, 'chain-')));
});

/** A controller whose dialog answers `path`, with what it was asked and what it told. */
function controllerFor(
  path: string | undefined,
  target: OpenTarget = { kind: 'files', files: [files.at(-1)!] },
) {
  const suggested: string[] = [];
  const progress: CaptureProgress[] = [];
  const layers = [{ name: 'top.qcow2', path: files.at(-1) }] as unknown as ChainInfo['layers'];
  const consent = { allow: [], allowAll: false };
  const controller: CaptureController = new CaptureController({
    opened: () => ({
      chain: { layers } as ChainInfo,
      request: { target, consent, forceShare: false, allowLocalFiles: false },
    }),
    choosePath: async name => {
      suggested.push(name);
      return path;
    },
    onProgress: told => progress.push(told),
  });
  return { save: controller.handlers['capture:save'], controller, suggested, progress };
}

/** The sums of a chain, once all of it has been read. */
async function totalsOf(session: ChainSession): Promise<MapTotals> {
  await session.fed();
  return session.ask('totals', { layer: undefined });
}

describe('a capture of the window', () => {
  it('is written where the person chooses and opens as the chain', async () => {
    const path = join(folder, 'case.cowscope');
    const { save, suggested } = controllerFor(path);
    const summary = await save({ sessionId: 1, showPaths: false });
    expect(summary).toMatchObject({ path, redacted: true, complete: true });
    expect(suggested).toEqual(['chain.cowscope']);
    const original = await withTarget({ kind: 'files', files: [files.at(-1)!] }, {}, totalsOf);
    await withTarget({ kind: 'files', files: [path] }, {}, async session => {
      expect(session.chain.layers).toHaveLength(files.length);
      expect(session.chain.capture).toMatchObject({ path, redacted: true });
      expect(await totalsOf(session)).toEqual(original);
    });
  });

  it('is checked as on the command line: what a capture lacks is left out, not looked for', async () => {
    const path = join(folder, 'checked.cowscope');
    await controllerFor(path).save({ sessionId: 1, showPaths: true });
    const target: OpenTarget & { kind: 'files' } = { kind: 'files', files: [path] };
    const { check } = await checkTarget(target, { allow: [], allowAll: false });
    await withTarget(target, {}, async session => {
      for (const layer of check.layers)
        expect(await session.ask('check', { layer: layer.layer })).toEqual({ checked: true, check: layer });
    });
  });

  it('is not written where the person cancels, and never over an image', async () => {
    const cancelled = controllerFor(undefined);
    expect(await cancelled.save({ sessionId: 1, showPaths: true })).toBeNull();
    expect(cancelled.suggested).toEqual(['top.qcow2.cowscope']);
    const { save } = controllerFor(files[0]);
    await expect(save({ sessionId: 1, showPaths: false })).rejects.toMatchObject({ code: 'OUTPUT_IS_IMAGE' });
    const remote = controllerFor('x', { kind: 'nbd', uri: 'nbd://host' });
    await expect(remote.save({ sessionId: 1, showPaths: false })).rejects.toMatchObject({
      code: 'CAPTURE_NO_TABLES',
    });
  });

  it('leaves nothing behind when it is given up', async () => {
    const path = join(folder, 'given-up.cowscope');
    const { save, controller } = controllerFor(path);
    const saving = save({ sessionId: 1, showPaths: false });
    setImmediate(() => controller.close());
    await expect(saving).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(existsSync(path)).toBe(false);
    expect(readdirSync(folder).filter(name => name.endsWith('.part'))).toEqual([]);
  });
});
