import { type FormEvent, useState } from 'react';
import { commandOf } from '../../shared/commands.ts';
import type { OpenedChain } from '../../shared/model/chain.ts';
import type { LayerInfo } from '../../shared/model/layer.ts';
import { formatSize } from '../../shared/text/offset.ts';
import type { AxisId } from '../axis/axis-id.ts';
import { navigationOf } from '../state/axes/axis-navigation.ts';
import { type OffsetContext, type OffsetInput, parseOffsetInput } from '../state/axes/offset-input.ts';
import { runCommand } from '../state/commands/commands.ts';
import { chooseDifferenceAt } from '../state/compare/comparison.ts';
import { showInHostLayout } from '../state/host/host-layout.ts';
import { selectAt } from '../state/selection/selection.ts';
import { focusElement } from '../state/selection/track-actions.ts';
import { getAxis, getState } from '../state/store.ts';
import { currentAxis, onTracks } from '../state/views.ts';
import { Icon } from '../ui/icon.tsx';
import { KeyCaps } from '../ui/key-caps.tsx';

/** Goes to the offset that is typed. One that is not on the disk moves nothing, and is answered. */
export function GoToField({ chain }: { readonly chain: OpenedChain }) {
  const [text, setText] = useState('');
  const [answer, setAnswer] = useState<OffsetInput>();
  const hotkey = commandOf('go').hotkeys[0];

  const go = (typed: string) => {
    const { focusedTrack, host } = getState();
    const axis = searchedAxis();
    const input = parseOffsetInput(typed, contextOf(chain));
    setText(typed);
    setAnswer(input.kind === 'offset' ? undefined : input);
    if (input.kind !== 'offset') return;
    if (axis === 'host') {
      void showInHostLayout(host.layer, input.offset);
      return;
    }
    if (axis === 'compare') {
      navigationOf('compare').centerOn(input.offset);
      void chooseDifferenceAt(input.offset);
      focusElement('.difference-scroll');
      return;
    }
    onTracks(() => {
      navigationOf('guest').centerOn(input.offset);
      void selectAt({ track: focusedTrack, offset: input.offset });
      // The next key is one of the track: N, F and the others are not typed into the field.
      focusElement(`[data-track="${focusedTrack}"] [data-twin]`);
    });
  };
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    go(text);
  };

  return (
    <form className="go-to" onSubmit={onSubmit}>
      <Icon name="search" />
      <input
        type="text"
        className="mono"
        aria-label="Go to offset"
        aria-invalid={answer !== undefined}
        aria-describedby={answer === undefined ? undefined : 'go-to-help'}
        placeholder="Go to offset"
        title="0x12_0000, 64M, 1,048,576, +64K, 50%, end, partition 2, sector 2048, 2048s, cluster 0x12, L1[3] L2[5]"
        spellCheck={false}
        value={text}
        onChange={event => {
          setText(event.target.value);
          setAnswer(undefined);
        }}
        onKeyDown={event => {
          if (event.key === 'Escape') event.currentTarget.blur();
        }}
      />
      {hotkey !== undefined && text === '' && <KeyCaps hotkeys={[hotkey]} />}
      {answer !== undefined && (
        <p className="go-to-help" id="go-to-help" role="alert">
          <Answer input={answer} onChoose={go} />
        </p>
      )}
    </form>
  );
}

/** The axis that offsets are on: that of the file or of the two disks that are shown, else the guest's. */
function searchedAxis(): AxisId {
  const axis = currentAxis();
  return (axis === 'host' || axis === 'compare') && getAxis(axis).size > 0 ? axis : 'guest';
}

/** What offsets refer to: the guest's disk, or the file whose layout is shown. */
function contextOf({ chain }: OpenedChain): OffsetContext {
  const { selection, host, compare, partitions } = getState();
  const axis = searchedAxis();
  const { viewport, size } = getAxis(axis);
  const middle = Math.floor((viewport.start + viewport.end) / 2);
  if (axis === 'host') {
    const clusterSize = host.map.phase === 'mapped' ? host.map.layout.clusterSize : 1;
    return { current: host.chosen?.offset ?? middle, size, clusterSize, l1Coverage: 0 };
  }
  const top = chain.layers.at(-1);
  return {
    current: (axis === 'compare' ? compare.comparison?.chosen?.start : selection?.offset) ?? middle,
    size,
    clusterSize: top?.clusterSize ?? 1,
    l1Coverage: l1Coverage(top),
    ...(axis === 'guest' && partitions.phase === 'read' ? { partitions: partitions.disk.partitions } : {}),
  };
}

interface AnswerProps {
  readonly input: OffsetInput;
  readonly onChoose: (text: string) => void;
}

/** Why nothing was gone to. */
function Answer({ input, onChoose }: AnswerProps) {
  const axis = searchedAxis();
  const what = axis === 'host' ? 'file' : 'disk';
  if (input.kind === 'outside')
    return (
      <>
        The {what} {input.side === 'past' ? `ends at ${formatSize(getAxis(axis).size)}` : 'begins at 0'}.
      </>
    );
  if (input.kind === 'noPartition')
    return input.isRead ? (
      <>There is no partition {input.number}.</>
    ) : (
      <>
        The partitions have not been read.{' '}
        <button type="button" onClick={() => runCommand('partitions')}>
          Partitions of the guest…
        </button>
      </>
    );
  if (input.kind === 'unsure')
    return (
      <>
        Hexadecimal needs 0x.{' '}
        <button type="button" onClick={() => onChoose(input.meant)}>
          Go to {input.meant}
        </button>
      </>
    );
  return (
    <>
      Not an offset. Try <code>0x12_0000</code>, <code>64M</code>, <code>+64K</code>, <code>50%</code>,{' '}
      <code>sector 2048</code>, <code>cluster 0x12</code> or <code>L1[3] L2[5]</code>.
    </>
  );
}

/** Guest bytes behind one L1 entry: an L2 table is one cluster of 8-byte entries, 16 with extended L2. */
function l1Coverage(layer: LayerInfo | undefined): number {
  const qcow2 = layer?.qcow2;
  if (qcow2 === undefined) return 0;
  return (qcow2.clusterSize / (qcow2.extendedL2 ? 16 : 8)) * qcow2.clusterSize;
}
