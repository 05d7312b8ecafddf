import type { OpenedChain } from '../../../shared/model/chain.ts';
import type { PlannedQemu, PlanOperation } from '../../../shared/model/plan/plan.ts';
import type { PlanReply } from '../../../shared/model/plan/plan-picture.ts';
import { snapshotName } from '../../state/chain/snapshots.ts';
import { choosePlan } from '../../state/planner/planner.ts';
import {
  canBeLive,
  operationsFor,
  type PlannerChoice,
  readsData,
} from '../../state/planner/planner-state.ts';
import { LayerBracket } from './layer-bracket.tsx';

interface PlanFormProps {
  readonly chain: OpenedChain;
  readonly choice: PlannerChoice;
  /** The plan of this choice, once it is made. */
  readonly reply: PlanReply | undefined;
}

const OPERATIONS: Readonly<Record<PlanOperation, string>> = {
  commit: 'Commit',
  rebase: 'Rebase',
  flatten: 'Flatten',
  drop: 'Drop a layer',
  'delete-snapshot': 'Delete a snapshot',
};

/** Families of versions that jobs are planned for; between two of them nothing that is planned differs. */
const QEMU_VERSIONS: readonly PlannedQemu[] = [
  { major: 7, minor: 2 },
  { major: 8, minor: 2 },
  { major: 9, minor: 2 },
  { major: 10, minor: 0 },
  { major: 10, minor: 1 },
  { major: 10, minor: 2 },
];

/** What is to be planned: the operation, its layers, who does it, and for which version. */
export function PlanForm({ chain, choice, reply }: PlanFormProps) {
  const { layers } = chain.chain;
  const { operation } = choice;
  return (
    <section className="plan-form" aria-label="What to plan">
      <div className="plan-operations">
        {operationsFor(layers).map(id => (
          <button
            key={id}
            type="button"
            aria-pressed={id === operation}
            onClick={() => choosePlan({ operation: id })}
          >
            {OPERATIONS[id]}
          </button>
        ))}
      </div>
      <LayerBracket layers={layers} choice={choice} roles={reply?.plan.layers} />
      {operation === 'delete-snapshot' && <SnapshotChoice chain={chain} choice={choice} />}
      {operation !== 'delete-snapshot' && <JobChoice chain={chain} choice={choice} />}
      <VersionChoice choice={choice} reply={reply} />
      {readsData(choice) && (
        <fieldset>
          <legend>Data</legend>
          <label>
            <input
              type="checkbox"
              checked={choice.readsAllData}
              onChange={event => choosePlan({ readsAllData: event.target.checked })}
            />
            read all that the plan depends on, not 64 MiB at most
          </label>
        </fieldset>
      )}
    </section>
  );
}

function JobChoice({ chain, choice }: Omit<PlanFormProps, 'reply'>) {
  const { operation, isLive, unmaps, unsafe } = choice;
  const mayBeLive = canBeLive(chain.chain.layers, choice);
  return (
    <fieldset>
      <legend>Done by</legend>
      <label>
        <input
          type="radio"
          name="plan-job"
          checked={!isLive}
          onChange={() => choosePlan({ isLive: false })}
        />
        qemu-img, while nothing has the images open
      </label>
      <label>
        <input
          type="radio"
          name="plan-job"
          checked={isLive}
          disabled={!mayBeLive}
          onChange={() => choosePlan({ isLive: true })}
        />
        a job of the running qemu
      </label>
      {!mayBeLive && !unsafe && <p className="hint">A running qemu pulls into the top layer alone.</p>}
      {operation === 'commit' && isLive && (
        <label>
          <input
            type="checkbox"
            checked={unmaps}
            onChange={event => choosePlan({ unmaps: event.target.checked })}
          />
          the disk is attached with discard=unmap
        </label>
      )}
      {operation === 'rebase' && (
        <label>
          <input
            type="checkbox"
            checked={unsafe}
            onChange={event => choosePlan({ unsafe: event.target.checked })}
          />
          unsafe: change the recorded name, copy nothing
        </label>
      )}
    </fieldset>
  );
}

function SnapshotChoice({ chain, choice }: Omit<PlanFormProps, 'reply'>) {
  const snapshots = chain.chain.layers[choice.from]?.qcow2?.snapshots ?? [];
  return (
    <label className="plan-line">
      Snapshot
      <select value={choice.snapshot} onChange={event => choosePlan({ snapshot: event.target.value })}>
        {snapshots.map(snapshot => (
          <option key={snapshot.id} value={snapshot.id || snapshot.name}>
            {snapshotName(snapshot)}
          </option>
        ))}
      </select>
    </label>
  );
}

function VersionChoice({ choice, reply }: Omit<PlanFormProps, 'chain'>) {
  const { qemu } = choice;
  const textOf = ({ major, minor }: PlannedQemu) => `${major}.${minor}`;
  const known =
    reply === undefined || reply.plan.qemuVersionSource === 'given'
      ? ''
      : reply.plan.qemuVersionSource === 'machine'
        ? `: ${reply.plan.qemuVersion}`
        : `: none, so ${reply.plan.qemuVersion}`;
  return (
    <label className="plan-line">
      Version of qemu
      <select
        value={qemu === undefined ? '' : textOf(qemu)}
        onChange={event => choosePlan({ qemu: QEMU_VERSIONS.find(v => textOf(v) === event.target.value) })}
      >
        <option value="">the installed one{known}</option>
        {QEMU_VERSIONS.map(version => (
          <option key={textOf(version)} value={textOf(version)}>
            {textOf(version)}
          </option>
        ))}
      </select>
    </label>
  );
}
