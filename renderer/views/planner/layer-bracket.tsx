import type { LayerInfo } from '../../../shared/model/layer.ts';
import type { PlannedLayer, PlanOperation, PlanRole } from '../../../shared/model/plan/plan.ts';
import { formatSize } from '../../../shared/text/offset.ts';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';
import { choosePlan } from '../../state/planner/planner.ts';
import {
  bracketOf,
  canBeFrom,
  type PlannerChoice,
  takesTwoLayers,
} from '../../state/planner/planner-state.ts';
import { Untrusted } from '../../ui/text.tsx';

interface LayerBracketProps {
  readonly layers: readonly LayerInfo[];
  readonly choice: PlannerChoice;
  /** What the plan says of each layer, once it is made. */
  readonly roles: readonly PlannedLayer[] | undefined;
}

/** What choosing a layer in the first column means, and in the second one. */
const FROM: Readonly<Record<PlanOperation, string>> = {
  commit: 'Commit',
  rebase: 'Rebase',
  flatten: 'Flatten',
  drop: 'Drop',
  'delete-snapshot': 'Snapshot of',
};
const TO: Readonly<Partial<Record<PlanOperation, string>>> = { commit: 'Into', rebase: 'Onto' };

const ROLES: Readonly<Record<PlanRole, string>> = {
  below: '',
  above: '',
  target: 'written to',
  committed: 'committed',
  dropped: 'no longer used',
};

/** The layers, top first, with a bracket around those that take part. */
export function LayerBracket({ layers, choice, roles }: LayerBracketProps) {
  const { operation, from } = choice;
  const { low, high } = bracketOf(choice);
  const isPair = takesTwoLayers(operation);
  return (
    <table className="plan-layers">
      <thead>
        <tr>
          <td />
          <th scope="col">Layer</th>
          <th scope="col">{FROM[operation]}</th>
          {isPair && <th scope="col">{TO[operation]}</th>}
        </tr>
      </thead>
      <tbody>
        {layers.toReversed().map(layer => {
          const { index } = layer;
          const name = escapeUntrusted(layer.name, 80);
          return (
            <tr key={index} data-part={partOf(index, low, high)}>
              <td aria-hidden="true">
                <span className="plan-bracket" />
              </td>
              <th scope="row">
                <span className="number">{index}</span> <Untrusted text={layer.name} max={60} />
                <small className="plan-layer-facts">
                  {formatSize(layer.size)}
                  {roleText(roles?.[index])}
                </small>
              </th>
              <td>
                <input
                  type="radio"
                  name="plan-from"
                  aria-label={`${FROM[operation]} ${name}`}
                  checked={index === from}
                  disabled={!canBeFrom(layers, operation, index)}
                  onChange={() => choosePlan({ from: index })}
                />
              </td>
              {isPair && (
                <td>
                  <input
                    type="radio"
                    name="plan-to"
                    aria-label={`${TO[operation]} ${name}`}
                    checked={index === choice.to}
                    disabled={index >= from}
                    onChange={() => choosePlan({ to: index })}
                  />
                </td>
              )}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function partOf(index: number, low: number, high: number): string {
  if (index < low || index > high) return 'none';
  if (low === high) return 'both';
  return index === high ? 'top' : index === low ? 'bottom' : 'middle';
}

function roleText(layer: PlannedLayer | undefined): string {
  if (layer === undefined) return '';
  const role = ROLES[layer.role];
  const parts = [...(role === '' ? [] : [role]), ...(layer.becomesInvalid ? ['becomes invalid'] : [])];
  return parts.map(part => ` · ${part}`).join('');
}
