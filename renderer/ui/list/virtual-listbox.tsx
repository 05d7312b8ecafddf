import type { KeyboardEvent, ReactNode } from 'react';
import type { VirtualRows } from '../hooks/use-virtual-rows.ts';

interface VirtualListboxProps {
  readonly className: string;
  readonly label: string;
  /** Id of the chosen row's element. */
  readonly activeId: string | undefined;
  readonly visible: VirtualRows;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  /** Renders the row of that number. */
  readonly children: (row: number) => ReactNode;
}

/** A list of which only the rows in sight are rendered. */
export function VirtualListbox({
  className,
  label,
  activeId,
  visible,
  onKeyDown,
  children,
}: VirtualListboxProps) {
  const { ref, onScroll, first, last, paddingTop, paddingBottom } = visible;
  return (
    <div
      className={className}
      role="listbox"
      tabIndex={0}
      aria-label={label}
      aria-activedescendant={activeId}
      ref={ref}
      onScroll={onScroll}
      onKeyDown={onKeyDown}
    >
      {/* The padding stands for the rows that are not rendered. */}
      <div role="presentation" style={{ paddingTop, paddingBottom }}>
        {Array.from({ length: Math.max(0, last - first) }, (_, i) => children(first + i))}
      </div>
    </div>
  );
}
