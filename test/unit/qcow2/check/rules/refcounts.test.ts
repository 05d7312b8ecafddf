/** Refcounts beside references, cluster by cluster: the findings, and the sums as qemu-img check has them. */
import { describe, expect, it } from 'vitest';
import type { CountedCluster } from '../../../../../electron/qcow2/check/cluster-counts.ts';
import { RefcountRules } from '../../../../../electron/qcow2/check/rules/refcounts.ts';
import { type Suspect, Suspects } from '../../../../../electron/qcow2/check/suspects.ts';
import { CLUSTER_USE } from '../../../../../electron/qcow2/layout/cluster-uses.ts';
import type { RefcountBlocks } from '../../../../../electron/qcow2/layout/refcount-blocks.ts';
import { FindingCollector } from '../../../../../shared/finding-collector.ts';

const CLUSTER = 4096;

/** Rules over refcounts of so many bits; `explain` gives the finding that a wrong refcount follows from. */
function rulesOf(refcountBits = 16, explain: (cluster: number) => string = () => '') {
  const collector = new FindingCollector();
  const suspects = new Suspects();
  // Of the refcount blocks only where a refcount lies is asked.
  const blocks = { placeOf: (cluster: number) => 65_536 + 2 * cluster } as RefcountBlocks;
  const format = { clusterSize: CLUSTER, refcountBits };
  const rules = new RefcountRules(collector, blocks, suspects, explain, format);
  let cluster = 10;
  /** Judges the next cluster. True where it is under suspicion. */
  const judge = (stored: number | undefined, references: number, more: Partial<CountedCluster> = {}) =>
    rules.judge({
      cluster: cluster++,
      stored,
      references,
      isShared: false,
      uses: CLUSTER_USE.data,
      ...more,
    }) === 1;
  const sums = () => [rules.corruptions, rules.leaks, rules.checkErrors];
  const found = () => collector.list().map(({ code, count }) => `${code} ${count}`);
  return { collector, suspects, rules, judge, sums, found };
}

describe('a cluster', () => {
  it('that is counted as often as it is referred to is no finding', () => {
    const { judge, sums, found } = rulesOf();
    expect([judge(1, 1), judge(3, 3), judge(0, 0), judge(0xffff, 0xffff)]).toEqual(Array(4).fill(false));
    expect(sums()).toEqual([0, 0, 0]);
    expect(found()).toEqual([]);
  });

  it('that is counted too high is one leak, leaked where nothing refers to it', () => {
    const { judge, sums, found, rules } = rulesOf();
    expect([judge(1, 0), judge(5, 0), judge(3, 1)]).toEqual(Array(3).fill(false));
    expect(sums()).toEqual([0, 3, 0]);
    expect(found()).toEqual(['QCOW2_LEAKED 2', 'QCOW2_REFCOUNT_HIGH 1']);
    expect([rules.leaked, rules.leakedClusters]).toEqual([2, [10, 11]]);
  });

  it('that is counted too low is one corruption, and looked at for its users', () => {
    const { judge, sums, found, suspects, rules } = rulesOf();
    expect([judge(0, 1), judge(1, 3)]).toEqual([true, true]);
    expect(sums()).toEqual([2, 0, 0]);
    expect(found()).toEqual([]);
    rules.addLow(suspects.get(10) as Suspect, '');
    rules.addLow(suspects.get(11) as Suspect, '');
    expect(found().sort()).toEqual(['QCOW2_REFCOUNT_LOW 1', 'QCOW2_REFCOUNT_ZERO 1']);
  });

  it('that several things use is looked at, whatever its refcount is', () => {
    const { judge, sums, found, suspects, rules } = rulesOf();
    expect(judge(2, 2, { isShared: true })).toBe(true);
    expect(judge(undefined, 2, { isShared: true })).toBe(true);
    for (const cluster of [10, 11]) rules.addLow(suspects.get(cluster) as Suspect, '');
    expect(sums()).toEqual([0, 0, 1]);
    expect(found()).toEqual([]);
  });

  it('whose refcount cannot be read is an error of the check', () => {
    const { judge, sums, found } = rulesOf();
    expect(judge(undefined, 1)).toBe(false);
    expect(sums()).toEqual([0, 0, 1]);
    expect(found()).toEqual([]);
  });
});

describe('more references than a refcount can count', () => {
  it('are a corruption each, and the refcount is right where it is as large as it can be', () => {
    const { judge, sums, found } = rulesOf(2);
    expect(judge(3, 7)).toBe(false);
    expect(sums()).toEqual([4, 0, 0]);
    expect(found()).toEqual(['QCOW2_REFCOUNT_OVERFLOW 4']);
    expect(judge(2, 7)).toBe(true);
    expect(sums()).toEqual([9, 0, 0]);
  });

  it('of a shared cluster are added with its users, and so is a refcount below the largest', () => {
    const { judge, found, suspects, rules } = rulesOf(1);
    judge(1, 3, { isShared: true });
    judge(0, 3, { isShared: true });
    expect(found()).toEqual([]);
    rules.addLow(suspects.get(10) as Suspect, '');
    expect(found()).toEqual(['QCOW2_REFCOUNT_OVERFLOW 2']);
    rules.addLow(suspects.get(11) as Suspect, '');
    expect(found().sort()).toEqual(['QCOW2_REFCOUNT_OVERFLOW 4', 'QCOW2_REFCOUNT_ZERO 1']);
  });
});

describe('a refcount that another finding explains', () => {
  it('is a finding apart that names it, and its cluster is not listed as leaked', () => {
    const { judge, rules, collector } = rulesOf(16, cluster => (cluster === 10 ? 'QCOW2_L1_REPLACED' : ''));
    judge(1, 0);
    judge(1, 0);
    const causes = collector
      .list()
      .map(({ code, causedBy = 'nothing', count }) => `${code} by ${causedBy} ${count}`);
    expect(causes.sort()).toEqual(['QCOW2_LEAKED by QCOW2_L1_REPLACED 1', 'QCOW2_LEAKED by nothing 1']);
    expect([rules.leaked, rules.leakedClusters]).toEqual([1, [11]]);
    expect(rules.leaks).toBe(2);
  });

  it('is shown with where it lies, what it is and how many references there are', () => {
    const { judge, collector } = rulesOf();
    judge(7, 2);
    expect(collector.list()[0]).toMatchObject({
      host: [[10 * CLUSTER, CLUSTER]],
      evidence: [{ fileOffset: 65_556, value: '7', bits: '2 references' }],
    });
  });
});
