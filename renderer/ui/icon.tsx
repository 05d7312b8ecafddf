/** Icons of the toolbar, drawn on a grid of 16. */

const PATHS = {
  open: 'M2 12.5v-9h4l1.5 2H14v7z',
  back: 'M9.5 3.5 5 8l4.5 4.5',
  forward: 'M6.5 3.5 11 8l-4.5 4.5',
  fit: 'M2.5 4.5v7M13.5 4.5v7M5 8h6M6.5 6.2 4.7 8l1.8 1.8M9.5 6.2 11.3 8 9.5 9.8',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  close: 'm4 4 8 8M12 4l-8 8',
  search: 'M11 7a4 4 0 1 1-8 0 4 4 0 0 1 8 0M10 10l3.5 3.5',
  help: 'M6 6.2a2 2 0 1 1 2.6 2c-.4.2-.6.5-.6 1v.5M8 12.2v.1M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0',
  inspector: 'M2 3.5h12v9H2zM10 3.5v9',
  palette: 'm4 5 3 3-3 3M8.5 11H12',
  system: 'M2 3.5h12v7.5H2zM5.5 13.5h5',
  light:
    'M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6M8 1.5v1.2M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.8.8M11.8 11.8l.8.8M12.6 3.4l-.8.8M4.2 11.8l-.8.8',
  dark: 'M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8',
  up: 'M8 12.5v-9M4.5 7 8 3.5 11.5 7',
  down: 'M8 3.5v9M4.5 9 8 12.5 11.5 9',
  warning: 'M8 2.5 14.2 13H1.8zM8 6.5v3M8 11.3v.1',
  lock: 'M4 7.5h8v6H4zM5.5 7.5V5.3a2.5 2.5 0 0 1 5 0v2.2',
  snapshot: 'M8 3.5V8l3 1.8M2.6 6.2A5.7 5.7 0 1 1 2.4 9M2.2 3.2v3.2h3.2',
  link: 'M6.8 9.2a2.6 2.6 0 0 0 3.7 0l2-2a2.6 2.6 0 0 0-3.7-3.7l-.9.9M9.2 6.8a2.6 2.6 0 0 0-3.7 0l-2 2a2.6 2.6 0 0 0 3.7 3.7l.9-.9',
  table: 'M2.5 3.5h11v9h-11zM2.5 6.5h11M2.5 9.5h11M6.5 3.5v9',
  eye: 'M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8M8 6a2 2 0 1 1 0 4 2 2 0 0 1 0-4',
  eyeClosed: 'M1.5 6.5S4 10.5 8 10.5s6.5-4 6.5-4M4 9.5l-1.3 1.8M8 10.5v2.2M12 9.5l1.3 1.8',
  copy: 'M5.5 5.5h7v8h-7zM3.5 10.5v-8h7',
} as const;

/** Names of the icons. */
export type IconName = keyof typeof PATHS;

/** One icon. Hidden from screen readers, which read the button's label. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
