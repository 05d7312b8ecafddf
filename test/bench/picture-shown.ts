/** True in a page one of whose lanes shows what was read. Knows nothing outside itself: it is sent to the page as text. */
export function pictureShown(): boolean {
  const shows = (canvas: HTMLCanvasElement) => {
    if (canvas.width === 0 || canvas.height === 0) return false;
    const image = canvas.getContext('2d')?.getImageData(0, canvas.height >> 2, canvas.width, 1);
    const row = new Uint32Array(image?.data.buffer ?? []);
    return row.some(pixel => pixel !== row[0]) || ((row[0] ?? 0) & 0xffffff) !== 0xffffff;
  };
  return [...document.querySelectorAll<HTMLCanvasElement>('.lane canvas')].some(shows);
}
