import { useEffect, useRef } from 'react';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import type { LayerInfo } from '../../../shared/model/layer.ts';
import type { HostLayout } from '../../../shared/model/layout.ts';
import { asSentence } from '../../../shared/text/finding-text.ts';
import { inferredText } from '../../../shared/text/inference-text.ts';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';
import { firstHostLayer, openHostLayer } from '../../state/host/host-layout.ts';
import { useStore } from '../../state/store.ts';
import { AxisRuler } from '../../ui/axis/axis-ruler.tsx';
import { GridLines } from '../../ui/axis/grid-lines.tsx';
import { useAxisArea } from '../../ui/hooks/use-axis-area.ts';
import { Untrusted } from '../../ui/text.tsx';
import { ClusterDetail } from './cluster-detail.tsx';
import { HostFacts } from './host-facts.tsx';
import { HostOverview } from './host-overview.tsx';
import { HostStripCanvas } from './host-strip.tsx';
import { RegionTable } from './region-table.tsx';

/** What one layer's file holds, along its own offsets. */
export function HostLayoutView({ chain }: { readonly chain: OpenedChain }) {
  const { layer, map } = useStore(state => state.host);
  useEffect(() => {
    if (layer < 0) void openHostLayer(firstHostLayer(chain));
  }, [layer, chain]);
  const info = chain.chain.layers[layer];
  const inferred = info === undefined ? '' : inferredText([info]);
  return (
    <div className="host-view">
      <header className="host-head">
        {chain.chain.layers.length > 1 && <LayerChoice chain={chain} layer={layer} />}
        <p>
          {map.phase === 'mapping' && 'Reading the tables of the file…'}
          {map.phase === 'refused' && <Untrusted text={whyNoLayout(info?.format, map.why)} max={500} />}
          {map.phase === 'mapped' && <Untrusted text={info?.path ?? ''} max={500} />}
          {inferred !== '' && (
            <b>
              {' '}
              <Untrusted text={inferred} max={400} />
            </b>
          )}
        </p>
      </header>
      {map.phase === 'mapped' && info !== undefined && (
        <>
          <HostPlot layout={map.layout} />
          <div className="host-panels">
            <RegionTable layout={map.layout} />
            <aside className="host-side" aria-label="About the file">
              <ClusterDetail chain={chain} />
              <HostFacts layer={info} layout={map.layout} dataRuns={map.dataRuns} />
            </aside>
          </div>
        </>
      )}
    </div>
  );
}

/** Why a layer has no layout to show, as a sentence. */
function whyNoLayout(format: LayerInfo['format'] | undefined, why: string): string {
  if (format === 'nbd') return 'The export of a server has no layout: the file behind it is not known.';
  if (format === 'raw') return 'A raw file has no tables: the offsets of the disk are those of the file.';
  return asSentence(`this file has no layout: ${why}`);
}

/** Everything that lies along the axis of the file. */
function HostPlot({ layout }: { readonly layout: HostLayout }) {
  const area = useRef<HTMLDivElement>(null);
  useAxisArea('host', area);
  return (
    <div className="plot host-plot">
      <div className="plot-content">
        <GridLines axis="host" />
        <div className="plot-measure" ref={area} />
        <HostOverview layout={layout} />
        <AxisRuler axis="host" handlers={NO_HANDLERS} />
        <div className="lane-row">
          <div className="row-head">
            <span>In the file</span>
          </div>
          <HostStripCanvas layout={layout} />
        </div>
      </div>
    </div>
  );
}

const NO_HANDLERS = {};

function LayerChoice({ chain, layer }: { readonly chain: OpenedChain; readonly layer: number }) {
  const label = ({ index, name }: LayerInfo) => `${index}  ${escapeUntrusted(name, 80)}`;
  return (
    <label>
      File of layer{' '}
      <select value={layer} onChange={event => void openHostLayer(Number(event.target.value))}>
        {chain.chain.layers.toReversed().map(info => (
          <option key={info.index} value={info.index}>
            {label(info)}
          </option>
        ))}
      </select>
    </label>
  );
}
