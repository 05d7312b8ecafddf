import { inferLayout, openAllowing } from '../state/chain/opening.ts';
import { setState, useStore } from '../state/store.ts';
import { ErrorCard } from './error-card.tsx';

/** What went wrong last, until it is dismissed; where only consent was missing, it can be given here. */
export function LastError() {
  const error = useStore(state => state.error);
  const failed = useStore(state => state.failed);
  if (error === undefined) return null;
  const allow =
    failed !== undefined && error.code === 'NBD_URI_LOCAL_FILE'
      ? () => openAllowing(error.subject, failed)
      : undefined;
  const isUnread = failed?.target.kind === 'files' && failed.target.infer === undefined;
  const infer =
    isUnread && error.code.startsWith('QCOW2_') && error.code !== 'QCOW2_READ_FAILED'
      ? () => inferLayout(1, failed)
      : undefined;
  return (
    <ErrorCard
      error={error}
      {...(allow === undefined ? {} : { onAllow: allow })}
      {...(infer === undefined ? {} : { onInfer: infer })}
      onDismiss={() => setState({ error: undefined, failed: undefined })}
    />
  );
}
