/** A leak of any kind is seen, and what only fluctuates is not taken for one. */
import { describe, expect, it } from 'vitest';
import { compareLevels, type Level } from '../../soak/levels.ts';

const MIB = 2 ** 20;
const LEVEL: Level = {
  main: {
    rss: 200 * MIB,
    main: { heapUsed: 10 * MIB, arrayBuffers: MIB },
    workers: [{ heapUsed: 5 * MIB, arrayBuffers: 20 * MIB }],
    workersAlive: 1,
    resources: { PipeWrap: 2, MessagePort: 1 },
    listeners: 60,
    descriptors: { images: 3, files: 24, sockets: 25, others: 40 },
    children: [],
  },
  window: { heapUsed: 5 * MIB, arrayBuffers: MIB, resident: 40 * MIB, listeners: 200, nodes: 300 },
};

/** The rows that a level exceeds. */
function exceeded(last: Level): string[] {
  return compareLevels(LEVEL, last)
    .filter(({ atLast, atMost }) => atLast > atMost)
    .map(({ what }) => what);
}

function withMain(part: Partial<Level['main']>): Level {
  return { ...LEVEL, main: { ...LEVEL.main, ...part } };
}

function withWindow(part: Partial<Level['window']>): Level {
  return { ...LEVEL, window: { ...LEVEL.window, ...part } };
}

describe('what is held', () => {
  it('may stay as it was, and memory may differ by a tenth', () => {
    expect(exceeded(LEVEL)).toEqual([]);
    expect(exceeded(withMain({ main: { heapUsed: 10.9 * MIB, arrayBuffers: MIB } }))).toEqual([]);
    expect(exceeded(withWindow({ listeners: 210, nodes: 340 }))).toEqual([]);
  });

  it.each<[string, Level]>([
    ['main thread: heap', withMain({ main: { heapUsed: 13 * MIB, arrayBuffers: MIB } })],
    ['main thread: array buffers', withMain({ main: { heapUsed: MIB, arrayBuffers: 3 * MIB } })],
    ['worker threads: array buffers', withMain({ workers: [{ heapUsed: MIB, arrayBuffers: 30 * MIB }] })],
    ['main process: resident', withMain({ rss: 260 * MIB })],
    ['worker threads', withMain({ workersAlive: 2 })],
    ['child processes', withMain({ children: ['qemu-nbd'] })],
    ['open images', withMain({ descriptors: { images: 4, files: 25, sockets: 25, others: 40 } })],
    ['sockets, Chromium’s too', withMain({ descriptors: { images: 3, files: 24, sockets: 40, others: 40 } })],
    ['handles: TCPSocketWrap', withMain({ resources: { PipeWrap: 2, MessagePort: 1, TCPSocketWrap: 1 } })],
    ['listeners of the main process', withMain({ listeners: 61 })],
    ['window: heap', withWindow({ heapUsed: 7 * MIB })],
    ['window: array buffers', withWindow({ arrayBuffers: 4 * MIB })],
    ['listeners of the page', withWindow({ listeners: 400 })],
  ])('shows a leak: %s', (what, last) => {
    expect(exceeded(last)).toEqual([what]);
  });

  it('has no row for array buffers of a window that cannot tell', () => {
    const unknown = withWindow({ arrayBuffers: -1 });
    const rows = compareLevels(unknown, unknown).map(({ what }) => what);
    expect(rows).not.toContain('window: array buffers');
    expect(rows).toContain('window: resident');
  });
});
