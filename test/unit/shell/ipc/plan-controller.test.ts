/** The window's calls about plans, over plans made up here and one of real images. */
import { describe, expect, it } from 'vitest';
import { planWithPicture } from '../../../../electron/service/plan/plan-target.ts';
import { MAX_MESSAGE_BYTES, messageBytes } from '../../../../electron/shell/ipc/answer.ts';
import type { OpenedRequest } from '../../../../electron/shell/ipc/chain-controller.ts';
import {
  MAX_SHOWN_CASES,
  MAX_SHOWN_HAZARDS,
  PlanController,
  type PlanControllerDeps,
} from '../../../../electron/shell/ipc/plan-controller.ts';
import { makeFinding } from '../../../../shared/model/finding.ts';
import type { ChainInfo } from '../../../../shared/model/layer.ts';
import type { Plan, PlanChoice } from '../../../../shared/model/plan/plan.ts';
import { goldenChain } from '../../../support/images/chains.ts';
import { temporaryFolder } from '../../../support/tools.ts';

const CHOICE: PlanChoice = { operation: 'commit', job: 'qemu-img' };
const FILES = { kind: 'files', files: ['/images/top'] } as const;

function openedAs(request: Partial<OpenedRequest['request']>): OpenedRequest {
  const consent = { allow: ['/elsewhere/base'], allowAll: false };
  return {
    chain: { layers: [] as ChainInfo['layers'] } as ChainInfo,
    request: { target: FILES, consent, forceShare: false, allowLocalFiles: false, ...request },
  };
}

function controllerOver(deps: Partial<PlanControllerDeps>): PlanController {
  return new PlanController({
    plan: () => Promise.reject(new Error('not asked for')),
    opened: () => openedAs({}),
    stores: () => [],
    ...deps,
  });
}

describe('a plan for the window', () => {
  it('is that of the command line, for the chain as it was opened, with what the scanned folders tell', async () => {
    const files = await goldenChain(temporaryFolder());
    const seen: unknown[] = [];
    const target = { kind: 'files', files: files.slice(-1) } as const;
    const controller = controllerOver({
      plan: (...args) => {
        seen.push(args);
        return planWithPicture(...args);
      },
      opened: () => openedAs({ target }),
      stores: () => [temporaryFolder()],
    });
    const reply = await controller.handlers['plan:make']({ sessionId: 1, choice: CHOICE });
    expect(seen).toEqual([
      [
        target,
        openedAs({}).request.consent,
        expect.objectContaining({ ...CHOICE, stores: [expect.any(String)] }),
      ],
    ]);
    const { plan, picture } = await planWithPicture(target, openedAs({}).request.consent, CHOICE);
    expect(reply.plan.bytesCopied).toBe(plan.bytesCopied);
    expect(reply.plan.commands).toEqual(plan.commands);
    expect(reply.picture).toEqual(picture);
    expect(reply.left).toEqual({ hazards: 0, cases: 0 });
    expect(controller.find(reply.planId)?.plan).toMatchObject({ commands: plan.commands });
    controller.close();
    expect(controller.find(reply.planId)).toBeUndefined();
  });

  it('fits one message, and says what is not in it', async () => {
    const evidence = Array.from({ length: 16 }, () => ({ source: 's', value: 'v'.repeat(2048), bits: '' }));
    const hazard = makeFinding({
      code: 'PLAN_OTHER_CHILDREN',
      severity: 'hazard',
      layer: 0,
      what: 'w',
      evidence,
    });
    const plan = {
      hazards: Array(MAX_SHOWN_HAZARDS + 2).fill(hazard),
      cases: Array(MAX_SHOWN_CASES + 3).fill({ holders: [], owner: null, effect: 'kept', bytes: 1 }),
    } as unknown as Plan;
    const controller = controllerOver({ plan: async () => ({ plan }) });
    const reply = await controller.handlers['plan:make']({ sessionId: 1, choice: CHOICE });
    expect(reply.left).toEqual({ hazards: 2, cases: 3 });
    expect(messageBytes(reply)).toBeLessThan(MAX_MESSAGE_BYTES);
    expect(controller.find(reply.planId)?.plan.hazards).toHaveLength(MAX_SHOWN_HAZARDS + 2);
  });

  it('ends the plan that another one takes the place of, or that is cancelled', async () => {
    const signals: AbortSignal[] = [];
    const controller = controllerOver({
      plan: (_target, _consent, { signal }) => {
        signals.push(signal!);
        return new Promise((_resolve, reject) => {
          signal!.addEventListener('abort', () => reject(signal!.reason));
        });
      },
    });
    const make = () => controller.handlers['plan:make']({ sessionId: 1, choice: CHOICE });
    const first = make();
    const second = make();
    await expect(first).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    controller.handlers['plan:cancel'](undefined);
    await expect(second).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('refuses an image of which something is inferred: qemu would not open it', async () => {
    const target = { ...FILES, infer: 0 };
    const controller = controllerOver({ opened: () => openedAs({ target }) });
    await expect(controller.handlers['plan:make']({ sessionId: 1, choice: CHOICE })).rejects.toMatchObject({
      code: 'PLAN_INFERRED',
    });
  });

  it('refuses the export of a server', async () => {
    const controller = controllerOver({
      opened: () => openedAs({ target: { kind: 'nbd', uri: 'nbd://h' } }),
    });
    await expect(controller.handlers['plan:make']({ sessionId: 1, choice: CHOICE })).rejects.toMatchObject({
      code: 'PLAN_NO_FILES',
    });
  });
});
