/** The views of an opened chain, in the order in which they are offered. A new view is a folder here and a line below. */
import type { View } from '../ui/view.ts';
import { Legend } from './chain/legend.tsx';
import { Plot } from './chain/plot.tsx';
import { FindingsView } from './findings/findings-view.tsx';

/** Every view. The first is shown when a chain opens. */
export const VIEWS: readonly View[] = [
  { id: 'chain', title: 'Chain', hotkey: { key: '1' }, axis: 'guest', component: Plot, legend: Legend },
  {
    id: 'findings',
    title: 'Findings',
    hotkey: { key: '3' },
    axis: 'guest',
    component: FindingsView,
    explains: true,
  },
];
