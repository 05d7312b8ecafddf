import type { ReactNode } from 'react';

interface InspectorSectionProps {
  readonly title: string;
  readonly action?: ReactNode;
  readonly children: ReactNode;
}

/** A titled part of the inspector. */
export function InspectorSection({ title, action, children }: InspectorSectionProps) {
  return (
    <section className="inspector-section" aria-label={title}>
      <header>
        <h2>{title}</h2>
        {action}
      </header>
      {children}
    </section>
  );
}
