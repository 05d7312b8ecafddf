import { useEffect, useState } from 'react';
import { isRemote, type OpenedChain } from '../../../shared/model/chain.ts';
import { formatSize } from '../../../shared/text/offset.ts';
import { checkDeeply, costOfChain } from '../../state/chain/check.ts';
import { useStore } from '../../state/store.ts';

/** What the button says that begins a check of all data. */
export const CHECK_ALL_DATA = 'Check all data';

/** Offers to read and decompress all data, with what that reads. Nothing where no layer has tables. */
export function DeepCheck({ chain }: { readonly chain: OpenedChain }) {
  const check = useStore(state => state.check);
  const [bytes, setBytes] = useState(0);
  useEffect(() => {
    if (!isRemote(chain)) void costOfChain(true).then(cost => setBytes(cost ?? 0));
  }, [chain]);
  if (bytes === 0 || (check.phase === 'done' && check.isDeep)) return null;
  return (
    <fieldset className="check-steps">
      <legend>All data</legend>
      <p>
        Reads every data cluster, decompresses what is compressed, and compares the tables with qemu-nbd
        everywhere: about {formatSize(bytes)}.
      </p>
      <button
        type="button"
        className="deep-check"
        disabled={check.phase === 'running'}
        onClick={() => void checkDeeply()}
      >
        {CHECK_ALL_DATA}
      </button>
    </fieldset>
  );
}
