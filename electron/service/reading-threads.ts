/** The threads of the system's own pool, on which reads wait that do not block a thread of ours. */

/** As many as the engine has reads under way at once on slow storage: electron/qcow2/read/ahead/table-stage.ts. */
const READING_THREADS = 32;

/** To be called when a program starts, before anything is read: the pool is made with its first use. Node has 4 by default. */
export function setReadingThreads(): void {
  process.env.UV_THREADPOOL_SIZE ??= String(READING_THREADS);
}
