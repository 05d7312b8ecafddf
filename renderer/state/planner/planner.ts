/** Plans for the open chain, made again whenever something else is chosen. */
import { NewestRun } from '../../../shared/newest-run.ts';
import { invoke } from '../../bridge/bridge.ts';
import { requestDraw } from '../../canvas/frame.ts';
import { openedAxis } from '../axes/axis-state.ts';
import { getAxis, getState, setAxis, setState } from '../store.ts';
import {
  initialChoice,
  type PlannerChoice,
  type PlannerState,
  planChoiceOf,
  possibleChoice,
} from './planner-state.ts';

/** Plans begun: only the newest one is shown. */
const runs = new NewestRun();

/** Makes the first plan of the open chain, unless there is one. */
export function openPlanner(): void {
  const { chain, planner } = getState();
  if (chain !== undefined && planner === undefined) void makePlan(initialChoice(chain.chain.layers));
}

/** Chooses something else, and plans that. Choices that make no sense with it are reset. */
export function choosePlan(change: Partial<PlannerChoice>): void {
  const { chain, planner } = getState();
  if (chain === undefined || planner === undefined) return;
  void makePlan(possibleChoice(chain.chain.layers, { ...planner.choice, ...change }));
}

/** Plans again what is chosen: files may have changed. */
export function planAgain(): void {
  choosePlan({});
}

/** Gives up the plan that is being made. */
export function cancelPlan(): void {
  runs.end();
  void invoke('plan:cancel', undefined);
  setPlanner({ isRunning: false, reply: undefined });
}

async function makePlan(choice: PlannerChoice): Promise<void> {
  const { chain, planner } = getState();
  if (chain === undefined) return;
  const { sessionId } = chain;
  const isNewest = runs.begin();
  setState({ planner: { choice, isRunning: true, reply: planner?.reply, error: undefined } });
  const reply = await invoke('plan:make', { sessionId, choice: planChoiceOf(chain.chain.layers, choice) });
  if (!isNewest() || getState().chain?.sessionId !== sessionId) return;
  if (!reply.ok) return setPlanner({ isRunning: false, reply: undefined, error: reply.error });
  const size = reply.value.picture?.size ?? 0;
  const axis = getAxis('plan');
  setAxis('plan', openedAxis(axis, size, size === axis.size ? axis.viewport : undefined));
  setPlanner({ isRunning: false, reply: reply.value });
  setState({ announcement: announcementOf(reply.value.plan.hazards.length) });
  requestDraw();
}

function setPlanner(change: Partial<PlannerState>): void {
  const { planner } = getState();
  if (planner !== undefined) setState({ planner: { ...planner, ...change } });
}

function announcementOf(hazards: number): string {
  return hazards === 0
    ? 'Planned'
    : `Planned: ${hazards} ${hazards === 1 ? 'hazard or note' : 'hazards and notes'}`;
}
