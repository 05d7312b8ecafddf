import { useEffect, useState } from 'react';
import { invoke } from '../../bridge/bridge.ts';
import { useStore } from '../../state/store.ts';

/** Pixels of a PNG for each CSS pixel of the drawing. */
const PNG_SCALE = 2;
/** The longest side of a canvas that Chromium draws, in pixels. */
const MAX_SIDE_PX = 16_384;

/** The drawing that a report has, and why there is none. */
export interface ReportDrawing {
  /** An SVG document; undefined while it is made. */
  readonly svg: string | undefined;
  readonly failed: boolean;
}

/** The drawing of the open chain, made again when folders are left out or shown. */
export function useReportDrawing(showPaths: boolean): ReportDrawing {
  const sessionId = useStore(state => state.chain?.sessionId);
  const [drawing, setDrawing] = useState<ReportDrawing>({ svg: undefined, failed: false });
  useEffect(() => {
    let isShown = true;
    setDrawing({ svg: undefined, failed: false });
    if (sessionId !== undefined)
      void invoke('report:drawing', { sessionId, showPaths }).then(reply => {
        if (isShown)
          setDrawing(reply.ok ? { svg: reply.value, failed: false } : { svg: undefined, failed: true });
      });
    return () => {
      isShown = false;
    };
  }, [sessionId, showPaths]);
  return drawing;
}

/** The drawing at a small size, as it will be in the file. */
export function ReportPreview({ drawing: { svg, failed } }: { readonly drawing: ReportDrawing }) {
  return (
    <figure className="report-preview">
      {svg === undefined ? (
        <p role="status">{failed ? 'The drawing could not be made.' : 'Drawing…'}</p>
      ) : (
        <img src={addressOf(svg)} alt="The drawing of the chain as it will be in the file" />
      )}
    </figure>
  );
}

/** The drawing as a PNG, twice as fine as on the screen where a canvas can hold that. */
export async function pngOf(svg: string): Promise<Uint8Array> {
  const image = new Image();
  image.src = addressOf(svg);
  await image.decode();
  const { naturalWidth: width, naturalHeight: height } = image;
  const scale = Math.min(PNG_SCALE, MAX_SIDE_PX / Math.max(1, width, height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>(resolve => canvas.toBlob(resolve, 'image/png'));
  if (blob === null) throw new Error('the canvas gave no picture');
  return new Uint8Array(await blob.arrayBuffer());
}

/** A document as an address: an image in it runs no script and loads nothing. */
function addressOf(svg: string): string {
  return `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
}
