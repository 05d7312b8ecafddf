import { render, screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../../renderer/state/chain/opening.ts';
import { TrackSums } from '../../../../../renderer/views/inspector/track-sums.tsx';
import { STATES } from '../../../../../shared/extent/flags.ts';
import { LEGEND } from '../../../../../shared/legend.ts';
import { type FakeChain, shortMiddleChain } from '../../../../support/window/fake-chain.ts';
import { start } from '../../../../support/window/fake-window.tsx';

const target = { kind: 'files', files: ['/images/top.qcow2'] } as const;

test('the inspector of a chain without its base says first that it is not known what it hides there', async () => {
  start(shortMiddleChain('missing'));
  await openTarget(target);
  const summary = await screen.findByRole('region', { name: 'In this chain' });
  expect(summary.textContent).toMatch(
    /^In this chainIncomplete: a backing file is missing, so it is not known what these layers hide there\./,
  );
  expect(screen.getAllByRole('banner')[0]!.textContent).toContain('3 of at least 4 layers');
  expect(screen.getByRole('contentinfo').textContent).toContain('Incomplete chain');
  expect(screen.getByRole('region', { name: 'Findings' }).textContent).toContain(
    'of the layers that are open',
  );
});

test('a complete chain says none of it', async () => {
  start(shortMiddleChain());
  await openTarget(target);
  const summary = await screen.findByRole('region', { name: 'In this chain' });
  expect(summary.textContent).not.toContain('Incomplete');
  expect(screen.getByRole('contentinfo').textContent).not.toContain('Incomplete');
});

test('the sums of a range say what is overridden at least, or that it is not known', () => {
  const zeros = STATES.map(() => 0);
  const rows = (overrideBytes: number, isComplete: boolean) => {
    const sums = {
      runs: zeros,
      shortest: zeros,
      longest: zeros,
      median: zeros,
      bytes: [64, ...zeros.slice(1)],
    };
    const marks = {
      overrideBytes,
      holeOverrideBytes: 0,
      shadowedBytes: 0,
      overriddenBytes: 0,
      dirtyBytes: 0,
    };
    const all = { track: 1, ...sums, ...marks, dirtyUnknownBytes: 0 };
    const shown = render(
      <TrackSums sums={all} title="top" total={64} legend={LEGEND} isComplete={isComplete} />,
    );
    const texts = [...shown.container.querySelectorAll('.mark-row')].map(row => row.textContent);
    shown.unmount();
    return texts;
  };
  const { label } = LEGEND.overrides;
  expect(rows(64, true)).toEqual([`${label}64 bytes100.0 %`]);
  expect(rows(64, false)).toEqual([`${label}, at least64 bytes100.0 %`]);
  expect(rows(0, true)).toEqual([]);
  expect(rows(0, false)).toEqual([`${label}not known`]);
});

test('an extent of a chain without its base says that it is not known whether it hides anything', async () => {
  const sentences = async (chain: FakeChain) => {
    await chain.read();
    const offsets = Array.from({ length: 16 }, (_, i) => (i * chain.info.size) / 16);
    const inspected = await Promise.all(offsets.map(offset => chain.ask('inspect', { offset })));
    return inspected.map(({ sentence }) => sentence).filter(sentence => /not known/.test(sentence));
  };
  expect(await sentences(shortMiddleChain())).toEqual([]);
  expect(await sentences(shortMiddleChain('missing'))).toContainEqual(
    expect.stringMatching(/Whether that hides anything is not known: a backing file is not open\.$/),
  );
});
