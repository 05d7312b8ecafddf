/** What the program holds at one moment, and whether it came back to its level. */
import type { ElectronApplication, Page } from '@playwright/test';
import { type MainState, mainState } from './main-probe.ts';
import { type WindowState, windowState } from './window-probe.ts';

/** What the program held at one moment, after a forced collection in every thread. */
export interface Level {
  readonly main: MainState;
  readonly window: WindowState;
}

/** One thing that may not grow. */
export interface Held {
  readonly what: string;
  /** Bytes, or a count. */
  readonly unit: 'bytes' | '';
  readonly atFirst: number;
  readonly atLast: number;
  readonly atMost: number;
}

/** Share by which memory may differ from its level, and what is too little to count, in bytes. */
const TOLERANCE = 0.1;
const SLACK = 2 ** 20;
/** What an allocator may keep of a process's memory for its next use, in bytes. */
const ALLOCATOR_SLACK = 32 * 2 ** 20;
/** Descriptors of Chromium's own that come and go. */
const CHROMIUM_DESCRIPTORS = 4;
/** Listeners and nodes of what the page happens to show, such as a tooltip. */
const PAGE_SLACK = 50;

/** Handles of Node that belong to connections, children and threads; timers and the like come and go. */
const HANDLES = ['PipeWrap', 'TCPSocketWrap', 'TLSWrap', 'ProcessWrap', 'MessagePort', 'FSReqPromise'];

/** Collects garbage everywhere and looks. */
export async function levelOf(app: ElectronApplication, page: Page): Promise<Level> {
  return { main: await mainState(app), window: await windowState(app, page) };
}

/** Everything that is watched, at two moments of the same kind. */
export function compareLevels(first: Level, last: Level): readonly Held[] {
  const held = (what: string, pick: (level: Level) => number, limit: (value: number) => number): Held => {
    const atFirst = pick(first);
    return { what, unit: '', atFirst, atLast: pick(last), atMost: limit(atFirst) };
  };
  const memory = (what: string, pick: (level: Level) => number, slack = SLACK): Held => ({
    ...held(what, pick, value => value * (1 + TOLERANCE) + slack),
    unit: 'bytes',
  });
  const exactly = (value: number) => value;
  const arrayBuffersKnown = first.window.arrayBuffers >= 0;
  return [
    memory('main thread: heap', ({ main }) => main.main.heapUsed),
    memory('main thread: array buffers', ({ main }) => main.main.arrayBuffers),
    memory('worker threads: heaps', ({ main }) => sum(main.workers.map(worker => worker.heapUsed))),
    memory('worker threads: array buffers', ({ main }) =>
      sum(main.workers.map(worker => worker.arrayBuffers)),
    ),
    memory('main process: resident', ({ main }) => main.rss, ALLOCATOR_SLACK),
    memory('window: heap', ({ window }) => window.heapUsed),
    ...(arrayBuffersKnown ? [memory('window: array buffers', ({ window }) => window.arrayBuffers)] : []),
    memory('window: resident', ({ window }) => window.resident, ALLOCATOR_SLACK),
    held('worker threads', ({ main }) => main.workersAlive, exactly),
    held('child processes', ({ main }) => main.children.length, exactly),
    held('open images', ({ main }) => main.descriptors.images, exactly),
    held(
      'other open files, Chromium’s too',
      ({ main }) => main.descriptors.files - main.descriptors.images,
      n => n + CHROMIUM_DESCRIPTORS,
    ),
    held(
      'sockets, Chromium’s too',
      ({ main }) => main.descriptors.sockets,
      n => n + CHROMIUM_DESCRIPTORS,
    ),
    held(
      'other descriptors',
      ({ main }) => main.descriptors.others,
      n => n + CHROMIUM_DESCRIPTORS,
    ),
    ...HANDLES.map(kind => held(`handles: ${kind}`, ({ main }) => main.resources[kind] ?? 0, exactly)),
    held('listeners of the main process', ({ main }) => main.listeners, exactly),
    held(
      'listeners of the page',
      ({ window }) => window.listeners,
      n => n * (1 + TOLERANCE) + PAGE_SLACK,
    ),
    held(
      'nodes of the page',
      ({ window }) => window.nodes,
      n => n * (1 + TOLERANCE) + PAGE_SLACK,
    ),
  ];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
