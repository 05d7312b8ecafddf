import { useLayoutEffect, useRef } from 'react';
import type { OpenedChain } from '../../shared/model/chain.ts';
import { LastError } from '../ui/last-error.tsx';
import { StateNotices } from '../ui/notices/state-notices.tsx';
import { ChangedNotice } from './changed-notice.tsx';
import { CrossCheckNotice } from './cross-check-notice.tsx';
import { InferOffer } from './infer-notice.tsx';
import { PartitionsOffer } from './partitions-offer.tsx';

/** CSS pixels between the notices and what is around them. */
const MARGIN_PX = 12;

/**
 * What may come while a chain is shown. It lies over the lower edge of the view, so that nothing moves for it; the view
 * leaves as much room at its end, so that what is covered can be scrolled to.
 */
export function Notices({ chain }: { readonly chain: OpenedChain }) {
  const ref = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const stack = ref.current;
    if (stack === null) return;
    const observer = new ResizeObserver(() => {
      const room = stack.offsetHeight === 0 ? 0 : stack.offsetHeight + 2 * MARGIN_PX;
      stack.parentElement?.style.setProperty('--notices', `${room}px`);
    });
    observer.observe(stack);
    return () => observer.disconnect();
  }, []);
  return (
    <div className="notices" ref={ref}>
      <ChangedNotice chain={chain} />
      <CrossCheckNotice chain={chain} />
      <StateNotices />
      <LastError />
      <InferOffer chain={chain} />
      <PartitionsOffer chain={chain} />
    </div>
  );
}
