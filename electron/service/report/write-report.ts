/** Writes a report that was gathered. */
import type { ReportFormat } from '../../../shared/model/report/report-request.ts';
import { jsonPieces } from '../../../shared/text/json.ts';
import type { TakeChunk } from '../../engine/worker/client.ts';
import { reportHtml } from '../../formats/report/report-html.ts';
import { reportDocument } from '../../formats/report/report-json.ts';
import type { ChainSession } from '../chain-session.ts';
import { OutputFile, type OutputRequest } from '../output/output-file.ts';
import type { GatheredReport } from './gather-report.ts';

/** A report in one of its forms, piece by piece. */
export function* reportPieces({ report, pictures }: GatheredReport, format: ReportFormat): Generator<string> {
  if (format === 'svg') yield pictures.light;
  else if (format === 'html') yield* reportHtml(report, pictures);
  else {
    yield* jsonPieces(reportDocument(report), 2);
    yield '\n';
  }
}

/** Writes pieces to a file. Rejects as {@link OutputFile} does, and with the signal's reason; nothing is left then. */
export async function writePiecesTo(
  request: OutputRequest,
  pieces: Iterable<string>,
  signal?: AbortSignal,
): Promise<void> {
  await writeTo(request, async file => {
    for (const piece of pieces) {
      signal?.throwIfAborted();
      await file.write(piece);
    }
  });
}

/** The rows of a chain's map, with host offsets, as comma-separated values. */
export async function listRows(session: Pick<ChainSession, 'list'>, take: TakeChunk): Promise<void> {
  const spec = { list: 'map', format: 'csv', hosts: true } as const;
  await session.list({ spec, layer: undefined }, take);
}

/** Writes these rows to a file. Rejects as {@link writePiecesTo}. */
export async function writeRowsTo(
  request: OutputRequest,
  session: Pick<ChainSession, 'list'>,
  signal?: AbortSignal,
): Promise<void> {
  await writeTo(request, file =>
    listRows(session, async text => {
      signal?.throwIfAborted();
      await file.write(text);
    }),
  );
}

async function writeTo(request: OutputRequest, write: (file: OutputFile) => Promise<void>): Promise<void> {
  const file = await OutputFile.create(request);
  try {
    await write(file);
    await file.finish();
  } catch (error) {
    await file.discard();
    throw error;
  }
}
