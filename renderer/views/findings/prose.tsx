import { WithCode } from '../../ui/text.tsx';

/** Text of the documentation: what stands in backquotes there is set as code. */
export function Prose({ text }: { readonly text: string }) {
  return (
    <p>
      <WithCode text={text} />
    </p>
  );
}
