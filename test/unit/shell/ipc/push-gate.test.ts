import { expect, test } from 'vitest';
import { PushGate } from '../../../../electron/shell/ipc/push-gate.ts';
import { NO_FINDINGS } from '../../../../shared/model/finding.ts';
import type { LayerProgress } from '../../../../shared/model/progress.ts';

const progress = (phase: LayerProgress['phase']): LayerProgress[] => [
  { layer: 0, witness: 'metadata', phase, covered: 0, total: 1 },
];

/** A gate, and everything that came through it. */
function gateOf(sessionId: number): { gate: PushGate; sent: [string, unknown][] } {
  const sent: [string, unknown][] = [];
  return { gate: new PushGate(sessionId, (name, payload) => sent.push([name, payload])), sent };
}

test('a shut gate keeps the newest of each push and the hull of changed ranges', () => {
  const { gate, sent } = gateOf(7);
  gate.events.onProgress(progress('waiting'));
  gate.events.onProgress(progress('reading'));
  gate.events.onChanged(1, 100, 200);
  gate.events.onChanged(2, 50, 120);
  gate.events.onFindings(NO_FINDINGS);
  gate.events.onTracks([]);
  gate.onFilesChanged([1]);
  expect(sent).toEqual([]);
  gate.open();
  expect(sent).toEqual([
    ['chain:tracks', { sessionId: 7, tracks: [] }],
    ['chain:changed', { sessionId: 7, version: 2, start: 50, end: 200 }],
    ['chain:findings', { sessionId: 7, summary: NO_FINDINGS }],
    ['chain:filesChanged', { sessionId: 7, layers: [1] }],
    ['chain:progress', { sessionId: 7, layers: progress('reading') }],
  ]);
});

test('an open gate passes every push on as it comes', () => {
  const { gate, sent } = gateOf(1);
  gate.events.onChanged(1, 100, 200);
  gate.open();
  gate.open();
  gate.events.onChanged(2, 50, 60);
  gate.events.onChanged(3, 70, 80);
  expect(sent.map(([, payload]) => payload)).toEqual([
    { sessionId: 1, version: 1, start: 100, end: 200 },
    { sessionId: 1, version: 2, start: 50, end: 60 },
    { sessionId: 1, version: 3, start: 70, end: 80 },
  ]);
});

test('a stopped gate lets nothing through, whether it was open or not', () => {
  for (const isOpen of [true, false]) {
    const { gate, sent } = gateOf(1);
    if (isOpen) gate.open();
    else gate.events.onChanged(1, 0, 1);
    gate.stop();
    gate.open();
    gate.events.onTracks([]);
    expect(sent).toEqual([]);
  }
});

test('reading has not ended until the window has had the push', () => {
  const { gate } = gateOf(1);
  expect(gate.isReading).toBe(false);
  gate.events.onProgress(progress('waiting'));
  expect(gate.isReading).toBe(true);
  gate.events.onProgress(progress('done'));
  expect(gate.isReading).toBe(true);
  gate.open();
  expect(gate.isReading).toBe(false);
});
