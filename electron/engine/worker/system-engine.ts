/** The engine as it runs on this system: what it reads with, and what it decompresses with. */
import { captureSource } from '../../capture/capture-source.ts';
import { fileSource } from '../../qcow2/read/file-source.ts';
import type { SourceHandle } from '../../qcow2/read/source.ts';
import { Engine, type Post } from '../engine.ts';

/** An engine that reads files and captures and answers through `post`. */
export function createSystemEngine(post: Post): Engine {
  return new Engine(post, openSource, async compression =>
    (await import('./decompress.ts')).loadDeepOptions(compression),
  );
}

function openSource({ frames, ...handle }: SourceHandle) {
  return frames === undefined ? fileSource(handle) : captureSource({ ...handle, frames });
}
