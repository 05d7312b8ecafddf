import { formatCount, formatOffset, formatSize } from '../../shared/offset.ts';
import { escapeUntrusted } from '../../shared/untrusted-text.ts';

/** Text from an image or server: control characters are shown, not obeyed; long text is cut. */
export function Untrusted({ text, max = 256 }: { readonly text: string; readonly max?: number }) {
  const shown = escapeUntrusted(text, max);
  return (
    <bdi className="untrusted" title={escapeUntrusted(text, 4096)}>
      {shown}
    </bdi>
  );
}

/** An offset with the exact bytes on hover. */
export function Offset({ at }: { readonly at: number }) {
  return (
    <span className="offset" title={`${formatCount(at)} bytes`}>
      {formatOffset(at)}
    </span>
  );
}

/** A size in binary units with the exact bytes on hover. */
export function Size({ bytes }: { readonly bytes: number }) {
  return <span title={`${formatCount(bytes)} bytes`}>{formatSize(bytes)}</span>;
}
