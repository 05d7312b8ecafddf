import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, expect, test } from 'vitest';
import { InspectorEvidence } from '../../../../../renderer/views/inspector/inspector-evidence.tsx';
import type { InspectedLayer, Inspection } from '../../../../../shared/model/inspection.ts';

afterEach(cleanup);

function layersOf(count: number): readonly InspectedLayer[] {
  return Array.from({ length: count }, (_, i) => {
    const layer = count - 1 - i;
    const evidence = [{ fact: 'lies at 0x0005_0000', source: 'host offset', value: '0x50000' }];
    return { track: i + 1, layer, title: `layer${layer}`, evidence } as unknown as InspectedLayer;
  });
}
const titles = () => screen.getAllByRole('heading', { level: 3 }).map(({ textContent }) => textContent);

test('the evidence of the layer that is read comes first, and that of many layers is shown on request', () => {
  const inspection = { owner: 1, layers: layersOf(5) } as unknown as Inspection;
  render(<InspectorEvidence inspection={inspection} />);
  expect(titles()).toEqual(['layer1', 'layer4', 'layer3']);
  fireEvent.click(screen.getByRole('button', { name: 'Show 2 more layers' }));
  expect(titles()).toEqual(['layer1', 'layer4', 'layer3', 'layer2', 'layer0']);
  expect(screen.queryByRole('button')).toBeNull();
});

test('an offset is written once in the evidence, grouped as everywhere', () => {
  const inspection = { owner: 0, layers: layersOf(1) } as unknown as Inspection;
  const { container } = render(<InspectorEvidence inspection={inspection} />);
  expect(container.querySelector('.evidence li')?.textContent).toBe('lies at 0x0005_0000host offset');
});
