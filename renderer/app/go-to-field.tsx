import { type FormEvent, useState } from 'react';
import { commandOf } from '../../shared/commands.ts';
import type { OpenedChain } from '../../shared/model/chain.ts';
import type { LayerInfo } from '../../shared/model/layer.ts';
import { navigationOf } from '../state/axes/axis-navigation.ts';
import { parseOffsetInput } from '../state/axes/offset-input.ts';
import { selectAt } from '../state/selection/selection.ts';
import { getAxis, getState } from '../state/store.ts';
import { Icon } from '../ui/icon.tsx';
import { KeyCaps } from '../ui/key-caps.tsx';

/** Goes to the offset that is typed. */
export function GoToField({ chain }: { readonly chain: OpenedChain }) {
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState(false);
  const hotkey = commandOf('go').hotkeys[0];

  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    const { selection, focusedTrack } = getState();
    const { viewport } = getAxis('guest');
    const top = chain.chain.layers.at(-1);
    const offset = parseOffsetInput(text, {
      current: selection?.offset ?? Math.floor((viewport.start + viewport.end) / 2),
      size: chain.chain.size,
      clusterSize: top?.clusterSize ?? 1,
      l1Coverage: l1Coverage(top),
    });
    setWrong(offset === undefined);
    if (offset === undefined) return;
    navigationOf('guest').centerOn(offset);
    void selectAt({ track: focusedTrack, offset });
  };

  return (
    <form className="go-to" onSubmit={onSubmit}>
      <Icon name="search" />
      <input
        type="text"
        className="mono"
        aria-label="Go to offset"
        aria-invalid={wrong}
        aria-describedby={wrong ? 'go-to-help' : undefined}
        placeholder="Go to offset"
        title="0x12_0000, 64M, +64K, 50%, cluster 0x12, L1[3]"
        spellCheck={false}
        value={text}
        onChange={event => {
          setText(event.target.value);
          setWrong(false);
        }}
        onKeyDown={event => {
          if (event.key === 'Escape') event.currentTarget.blur();
        }}
      />
      {hotkey !== undefined && text === '' && <KeyCaps hotkeys={[hotkey]} />}
      {wrong && (
        <p className="go-to-help" id="go-to-help" role="alert">
          Not an offset. Try <code>0x12_0000</code>, <code>64M</code>, <code>+64K</code>, <code>50%</code>,{' '}
          <code>cluster 0x12</code> or <code>L1[3]</code>.
        </p>
      )}
    </form>
  );
}

/** Guest bytes behind one L1 entry: an L2 table is one cluster of 8-byte entries, 16 with extended L2. */
function l1Coverage(layer: LayerInfo | undefined): number {
  const qcow2 = layer?.qcow2;
  if (qcow2 === undefined) return 0;
  return (qcow2.clusterSize / (qcow2.extendedL2 ? 16 : 8)) * qcow2.clusterSize;
}
