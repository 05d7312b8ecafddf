import { useEffect } from 'react';
import { isRemote } from '../../../shared/model/chain.ts';
import { cancelPlan, openPlanner, planAgain } from '../../state/planner/planner.ts';
import { operationsFor } from '../../state/planner/planner-state.ts';
import { useStore } from '../../state/store.ts';
import { ErrorCard } from '../../ui/error-card.tsx';
import type { ViewProps } from '../../ui/view.ts';
import { PlanForm } from './plan-form.tsx';
import { PlanResult } from './plan-result.tsx';

/** What a commit, a rebase or a deletion would do to the files of the chain. Nothing is done. */
export function Planner({ chain }: ViewProps) {
  const planner = useStore(state => state.planner);
  const changed = useStore(state => state.changedLayers.length > 0);
  const canPlan = !isRemote(chain) && operationsFor(chain.chain.layers).length > 0;
  useEffect(() => {
    if (canPlan) openPlanner();
  }, [canPlan]);
  if (!canPlan)
    return (
      <p className="planner-nothing">
        {isRemote(chain)
          ? 'The export of a server cannot be planned: its files are not known. Open the image file itself.'
          : 'A single image without internal snapshots: there is nothing to commit, rebase or delete.'}
      </p>
    );
  if (planner === undefined) return null;
  const { choice, isRunning, reply, error } = planner;
  return (
    <div className="planner">
      <PlanForm chain={chain} choice={choice} reply={isRunning ? undefined : reply} />
      <div className="plan" aria-busy={isRunning} data-stale={isRunning}>
        {isRunning && (
          <p className="plan-running" role="status">
            Planning…
            <button type="button" className="quiet" onClick={cancelPlan}>
              Cancel
            </button>
          </p>
        )}
        {changed && !isRunning && (
          <p className="plan-running">
            Files have changed on disk since the chain was opened.
            <button type="button" className="quiet" onClick={planAgain}>
              Plan again
            </button>
          </p>
        )}
        {error !== undefined && <ErrorCard error={error} />}
        {reply === undefined && error === undefined && !isRunning && (
          <p className="plan-running">
            No plan was made.
            <button type="button" className="quiet" onClick={planAgain}>
              Plan
            </button>
          </p>
        )}
        {reply !== undefined && <PlanResult reply={reply} chain={chain} />}
      </div>
    </div>
  );
}
