import type { OpenedChain } from '../../../shared/model/chain.ts';
import { formatTime } from '../../../shared/text/time.ts';
import { InspectorSection } from '../../ui/inspector-section.tsx';
import { Size, Untrusted } from '../../ui/text.tsx';

/** The files of the chain, top first. */
export function LayerFiles({ chain }: { readonly chain: OpenedChain }) {
  return (
    <InspectorSection title="Layers">
      <ol className="layer-facts">
        {chain.chain.layers.toReversed().map(layer => (
          <li key={layer.index}>
            <h3>
              <span className="number">{layer.index}</span>
              <Untrusted text={layer.name} />
            </h3>
            <p className="path">
              <Untrusted text={layer.path} max={400} />
            </p>
            <p>
              {layer.format}
              {layer.qcow2 !== undefined && ` v${layer.qcow2.version}`} · <Size bytes={layer.size} />
            </p>
            {layer.dataFile !== undefined && (
              <p>
                data file <Untrusted text={layer.dataFile.resolved || layer.dataFile.recorded} max={400} />
                {layer.dataFile.status === 'opened' ? '' : ', not open'}
              </p>
            )}
            {layer.modified !== undefined && <p>changed {formatTime(layer.modified / 1000)}</p>}
            {layer.fileSize >= 0 && (
              <p>
                file <Size bytes={layer.fileSize} />
                {layer.allocatedSize >= 0 && (
                  <>
                    , <Size bytes={layer.allocatedSize} /> on disk
                  </>
                )}
              </p>
            )}
          </li>
        ))}
      </ol>
    </InspectorSection>
  );
}
