import { Children } from 'react';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import { FINDING_SEVERITIES, type FindingCount, WHOLE_CHAIN } from '../../../shared/model/finding.ts';
import { formatCount } from '../../../shared/text/offset.ts';
import { filterFindings } from '../../state/findings-view.ts';
import { useStore } from '../../state/store.ts';
import { Untrusted } from '../../ui/text.tsx';
import { CheckSteps } from './check-steps.tsx';
import { DeepCheck } from './deep-check.tsx';
import { choicesOf, type Facet, isChosen, toggledFilter } from './facets.ts';
import { SeverityMark } from './severity-mark.tsx';

interface FindingFiltersProps {
  readonly chain: OpenedChain;
  readonly counts: readonly FindingCount[];
}

/** What the list is filtered by, with the number of findings of each choice; below it what was checked. */
export function FindingFilters({ chain, counts }: FindingFiltersProps) {
  const filter = useStore(state => state.findingList.filter);
  const choices = <F extends Facet>(facet: F) => choicesOf(facet, counts, filter);
  const { layers } = chain.chain;
  const severities = choices('severities').toSorted(
    (a, b) => FINDING_SEVERITIES.indexOf(a.value) - FINDING_SEVERITIES.indexOf(b.value),
  );
  return (
    <section className="finding-filters" aria-label="Filters">
      <FacetGroup title="Severity">
        {severities.map(({ value, findings }) => (
          <FacetButton key={value} facet="severities" value={value} findings={findings}>
            <SeverityMark severity={value} /> {value}
          </FacetButton>
        ))}
      </FacetGroup>
      {layers.length > 1 && (
        <FacetGroup title="Layer">
          {choices('layers')
            .toSorted((a, b) => b.value - a.value)
            .map(({ value, findings }) => (
              <FacetButton key={value} facet="layers" value={value} findings={findings}>
                {value === WHOLE_CHAIN ? 'the chain' : <Untrusted text={layers[value]?.name ?? ''} />}
              </FacetButton>
            ))}
        </FacetGroup>
      )}
      <FacetGroup title="Kind">
        {choices('codes').map(({ value, findings }) => (
          <FacetButton key={value} facet="codes" value={value} findings={findings}>
            <code>{value}</code>
          </FacetButton>
        ))}
      </FacetGroup>
      {Object.keys(filter).length > 0 && (
        <button type="button" className="quiet" onClick={() => filterFindings({})}>
          Show all
        </button>
      )}
      <CheckSteps chain={chain} />
      <DeepCheck chain={chain} />
    </section>
  );
}

/** Choices of one property. Nothing where there are none. */
function FacetGroup({ title, children }: { readonly title: string; readonly children: React.ReactNode }) {
  if (Children.count(children) === 0) return null;
  return (
    <fieldset>
      <legend>{title}</legend>
      {children}
    </fieldset>
  );
}

interface FacetButtonProps {
  readonly facet: Facet;
  readonly value: string | number;
  readonly findings: number;
  readonly children: React.ReactNode;
}

function FacetButton({ facet, value, findings, children }: FacetButtonProps) {
  const filter = useStore(state => state.findingList.filter);
  const isPressed = filter[facet] !== undefined && isChosen(filter, facet, value);
  return (
    <button
      type="button"
      aria-pressed={isPressed}
      onClick={() => filterFindings(toggledFilter(filter, facet, value))}
    >
      <span className="facet-name">{children}</span>
      <span className="facet-count">{formatCount(findings)}</span>
    </button>
  );
}
