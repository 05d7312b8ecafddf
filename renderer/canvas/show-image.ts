/** Shows an image on an opaque canvas, which takes its size. A size is set only where it changes: setting it clears. */
export function showImage(canvas: HTMLCanvasElement, image: ImageData): void {
  if (canvas.width !== image.width) canvas.width = image.width;
  if (canvas.height !== image.height) canvas.height = image.height;
  canvas.getContext('2d', { alpha: false })?.putImageData(image, 0, 0);
}
