import type { LayerInfo } from '../../../shared/model/layer.ts';
import { HOST_KINDS, type HostLayout } from '../../../shared/model/layout.ts';
import { asSentence } from '../../../shared/text/finding-text.ts';
import { dataRunsText, endsInsideText, HOST_KIND_NAMES } from '../../../shared/text/host-kinds.ts';
import { formatOffset, formatShare, formatSize } from '../../../shared/text/offset.ts';
import { nextOfKind } from '../../state/host/host-layout.ts';
import { InspectorSection } from '../../ui/inspector-section.tsx';
import { Size, Untrusted } from '../../ui/text.tsx';
import { KindSwatch } from './kind-swatch.tsx';

interface HostFactsProps {
  readonly layer: LayerInfo;
  readonly layout: HostLayout;
  readonly dataRuns: number;
}

/** Where the bytes of the file went. */
export function HostFacts({ layer, layout, dataRuns }: HostFactsProps) {
  const { fileLength, imageEnd, sums, unknown, copyBytes } = layout;
  const used = fileLength - sums.free - sums.tail - sums.leaked;
  return (
    <>
      <InspectorSection title="The file">
        {unknown.length > 0 && (
          <p className="hint incomplete">
            Not everything could be followed, so what is in use may be shown as leaked or free:{' '}
            <Untrusted text={unknown.join('; ')} max={500} />.
          </p>
        )}
        {imageEnd > fileLength && <p className="hint">{asSentence(endsInsideText(layout))}</p>}
        <dl className="facts">
          <Fact name="Length" value={<Size bytes={fileLength} />} />
          {layer.allocatedSize >= 0 && (
            <Fact name="On the host’s disk" value={<Size bytes={layer.allocatedSize} />} />
          )}
          <Fact name="In use" value={<Size bytes={used} />} />
          <Fact name="Leaked" value={<Size bytes={sums.leaked} />} />
          <Fact name="Free inside" value={<Size bytes={sums.free} />} />
          <Fact name="Behind the image end" value={<Size bytes={sums.tail} />} />
          <Fact name="Image end" value={<span className="mono">{formatOffset(imageEnd)}</span>} />
          <Fact name="Plain data lies in" value={dataRunsText(dataRuns, sums.data)} />
          {copyBytes !== undefined && (
            <Fact name="A copy by qemu-img convert has at most" value={<Size bytes={copyBytes} />} />
          )}
        </dl>
      </InspectorSection>
      <InspectorSection title="What it holds">
        <table className="sums">
          <tbody>
            {HOST_KINDS.filter(kind => sums[kind] > 0).map(kind => (
              <tr key={kind}>
                <th scope="row">
                  <KindSwatch kind={kind} />
                  {HOST_KIND_NAMES[kind]}
                </th>
                <td>
                  {formatSize(sums[kind])}
                  <small>{formatShare(sums[kind] / Math.max(1, fileLength))}</small>
                </td>
                <td>
                  <button
                    type="button"
                    className="quiet"
                    aria-label={`Next: ${HOST_KIND_NAMES[kind]}`}
                    onClick={() => void nextOfKind(kind)}
                  >
                    Next
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </InspectorSection>
    </>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
