/** The one animation-frame scheduler: however much changes, every painter draws once, in the next frame. */

type Painter = () => void;

const painters = new Set<Painter>();
let isDue = false;
let steps: ((now: number) => boolean)[] = [];

/** Requests one frame, in which every painter draws. */
export function requestDraw(): void {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(draw);
}

/** Calls `painter` in every frame that is drawn, until the returned function is called. */
export function addPainter(painter: Painter): () => void {
  painters.add(painter);
  requestDraw();
  return () => painters.delete(painter);
}

/** Calls `step` with the time in milliseconds at the start of each frame until it returns false. */
export function animateFrames(step: (now: number) => boolean): void {
  steps.push(step);
  requestDraw();
}

/** True while a frame is due. */
export function isFrameDue(): boolean {
  return isDue;
}

function draw(now: number): void {
  isDue = false;
  const running = steps;
  steps = [];
  for (const step of running) if (step(now)) steps.push(step);
  for (const painter of [...painters]) painter();
  if (steps.length > 0) requestDraw();
}
