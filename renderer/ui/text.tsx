import { formatCount, formatOffset, formatSize } from '../../shared/text/offset.ts';
import { escapeUntrusted } from '../../shared/text/untrusted-text.ts';

/** Text from an image or server: control characters are shown, not obeyed; long text is cut. */
export function Untrusted({ text, max = 256 }: { readonly text: string; readonly max?: number }) {
  const shown = escapeUntrusted(text, max);
  return (
    <bdi className="untrusted" title={escapeUntrusted(text, 4096)}>
      {shown}
    </bdi>
  );
}

/** A text in which what stands between backquotes is code: what a person types. A command is not broken where it has room. */
export function WithCode({ text }: { readonly text: string }) {
  return text.split('`').map((part, i) =>
    i % 2 === 0 ? (
      part
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text have no other name
      <code className="unbroken" key={i}>
        {part}
      </code>
    ),
  );
}

/** As {@link Untrusted}, with code as in {@link WithCode}. */
export function UntrustedProse({ text, max = 256 }: { readonly text: string; readonly max?: number }) {
  const shown = escapeUntrusted(text, max);
  // A lone backquote encloses nothing.
  if (shown.split('`').length % 2 === 0) return <Untrusted text={text} max={max} />;
  return (
    <bdi className="untrusted">
      <WithCode text={shown} />
    </bdi>
  );
}

/** Writes a text where it is not the one that stands there, so that most frames lay out nothing. */
export function setText(element: Element | null, text: string): void {
  if (element === null || element.textContent === text) return;
  const present = element.firstChild;
  // A text that changes costs less than one that is replaced.
  if (present instanceof Text) present.data = text;
  else element.textContent = text;
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
