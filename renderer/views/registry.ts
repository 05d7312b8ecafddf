/**
 * The views of an opened chain and the tabs of the drawer below them, in the order in which they are offered. A new one is
 * a folder here and a line below.
 */
import type { DrawerTab } from '../ui/drawer-tab.ts';
import type { View } from '../ui/view.ts';
import { ChainLegend } from './chain/chain-legend.tsx';
import { Plot } from './chain/plot.tsx';
import { CompareView } from './compare/compare-view.tsx';
import { FindingsView } from './findings/findings-view.tsx';
import { HostLayoutView } from './host-layout/host-layout-view.tsx';
import { HostLegend } from './host-layout/host-legend.tsx';
import { Places } from './places/places.tsx';
import { Planner } from './planner/planner.tsx';
import { Statistics } from './statistics/statistics.tsx';

/** Every view. The first is shown when a chain opens. */
export const VIEWS: readonly View[] = [
  {
    id: 'chain',
    title: 'Chain',
    hotkey: { key: '1' },
    axis: 'guest',
    component: Plot,
    legend: ChainLegend,
    drawer: true,
  },
  {
    id: 'host',
    title: 'Host layout',
    hotkey: { key: '2' },
    axis: 'host',
    component: HostLayoutView,
    legend: HostLegend,
    explains: true,
  },
  {
    id: 'findings',
    title: 'Findings',
    hotkey: { key: '3' },
    axis: 'guest',
    isList: true,
    component: FindingsView,
    explains: true,
  },
  {
    id: 'plan',
    title: 'Plan',
    hotkey: { key: '4' },
    axis: 'plan',
    component: Planner,
    explains: true,
  },
  {
    id: 'compare',
    title: 'Compare',
    hotkey: { key: '5' },
    axis: 'compare',
    component: CompareView,
    explains: true,
  },
];

/** Every tab of the drawer. The first is shown where none was chosen. */
export const DRAWER_TABS: readonly DrawerTab[] = [
  { id: 'places', title: 'Places', component: Places },
  { id: 'statistics', title: 'Statistics', component: Statistics },
];
