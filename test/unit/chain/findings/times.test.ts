import { describe, expect, it } from 'vitest';
import { isNewer, timeFindings } from '../../../../electron/chain/findings/times.ts';

const at = (time: string) => Date.parse(time);
const layer = (modified: number | undefined, size = 4 * 2 ** 20) =>
  modified === undefined ? { size } : { size, modified };

describe('timeFindings', () => {
  it('tells of a base that was replaced by a newer and larger one', () => {
    const [finding, ...others] = timeFindings([
      layer(at('2026-02-16T09:00:00Z'), 6 * 2 ** 20),
      layer(at('2026-01-11T10:00:00Z')),
    ]);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ code: 'CHAIN_BASE_NEWER', severity: 'hazard', layer: 0 });
    expect(finding?.what).toContain('2026-02-16 09:00:00 UTC');
    expect(finding?.what).toContain('2026-01-11 10:00:00 UTC');
    expect(finding?.what).toContain('its disk is larger (6 MiB, above it 4 MiB)');
    expect(finding?.advice).toContain('no proof');
  });

  it('compares each layer with the one right above it', () => {
    const times = [3, 1, 2, 0].map(days => layer(at('2026-01-01T00:00:00Z') + days * 86_400_000));
    expect(timeFindings(times).map(finding => finding.layer)).toEqual([0, 2]);
  });

  it('says nothing of layers whose time is not known, or of a copy made a moment later', () => {
    expect(timeFindings([layer(undefined), layer(0)])).toEqual([]);
    expect(timeFindings([layer(5), layer(undefined)])).toEqual([]);
    expect(timeFindings([layer(60_000), layer(0)])).toEqual([]);
    expect(isNewer(60_001, 0)).toBe(true);
    expect(isNewer(60_001, -1)).toBe(false);
  });
});
