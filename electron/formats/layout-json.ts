/** The JSON document of `cowscope layout`: docs/formats/layout.md and docs/formats/layout.schema.json. */
import type { LayerInfo } from '../../shared/model/layer.ts';
import type { HostCluster, HostLayout, HostRun } from '../../shared/model/layout.ts';

/** Name and version of the document; both change only together with its schema. */
const SCHEMA = { schema: 'cowscope.layout', version: 1 } as const;

/** The document; `ranges` are listed where they are given, one by one as they are written. */
export function layoutDocument(
  { index, path }: LayerInfo,
  layout: HostLayout,
  {
    dataRuns,
    cluster,
    ranges,
  }: {
    readonly dataRuns: number;
    readonly cluster?: HostCluster | undefined;
    readonly ranges?: Iterable<HostRun> | undefined;
  },
): object {
  return {
    ...SCHEMA,
    layer: index,
    filename: path,
    ...layout,
    dataRuns,
    ...(cluster === undefined ? {} : { cluster }),
    ...(ranges === undefined ? {} : { ranges }),
  };
}
