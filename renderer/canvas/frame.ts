/** The one animation-frame scheduler: whatever changed, everything that draws does so once, in the next frame. */

type Painter = () => void;

const painters = new Set<Painter>();
let due = false;
let steps: ((now: number) => boolean)[] = [];

/** Asks for one frame in which every painter draws. */
export function requestDraw(): void {
  if (due) return;
  due = true;
  requestAnimationFrame(draw);
}

/** Draws in every frame that was asked for, until the returned function is called. */
export function addPainter(painter: Painter): () => void {
  painters.add(painter);
  requestDraw();
  return () => painters.delete(painter);
}

/** Calls `step` with the time in milliseconds at the start of each frame until it returns false. */
export function animate(step: (now: number) => boolean): void {
  steps.push(step);
  requestDraw();
}

/** True while a frame is due. */
export function drawing(): boolean {
  return due;
}

function draw(now: number): void {
  due = false;
  const running = steps;
  steps = [];
  for (const step of running) if (step(now)) steps.push(step);
  for (const painter of [...painters]) painter();
  if (steps.length > 0) requestDraw();
}
