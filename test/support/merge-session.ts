/** The engine run in place, with its messages as promises. */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { basename } from 'node:path';
import { Engine } from '../../electron/engine/engine.ts';
import type { LoadDeepOptions } from '../../electron/engine/questions/check.ts';
import type {
  EnginePlan,
  FromEngine,
  LayerPlan,
  ListSpec,
  NbdPlan,
  ToEngine,
} from '../../electron/engine/worker/protocol.ts';
import { fileSource } from '../../electron/qcow2/read/file-source.ts';
import { openQcow2, parsedOf } from '../../electron/qcow2/read/image.ts';
import type { OpenSource } from '../../electron/qcow2/read/source.ts';
import { CowscopeError } from '../../shared/error.ts';
import type { StatusBatch } from '../../shared/extent/status-batch.ts';
import type { QuestionArgs, QuestionName, QuestionReply } from '../../shared/ipc/questions.ts';

/** An opened chain. */
export interface MergeSession {
  /** Everything the engine has posted so far. */
  readonly messages: readonly FromEngine[];
  ask<Q extends QuestionName>(question: Q, args: QuestionArgs<Q>): Promise<QuestionReply<Q>>;
  /** The text of a list. */
  list(spec: ListSpec, layer?: number): Promise<string>;
  feed(layer: number, batch: StatusBatch): void;
  send(message: ToEngine): void;
  /** Resolves with the first message that `wanted` accepts, of those sent and those to come. */
  until(wanted: (message: FromEngine) => boolean): Promise<FromEngine>;
  /** Resolves when every metadata layer is read. */
  read(): Promise<void>;
}

/** Opens a plan, whose files `openSource` reads. Throws the CowscopeError of what could not be opened. */
export function openSession(
  plan: EnginePlan,
  openSource: OpenSource = fileSource,
  deepOptions?: LoadDeepOptions,
): MergeSession {
  const messages: FromEngine[] = [];
  const waiting = new Set<() => void>();
  const engine = new Engine(
    message => {
      messages.push(message);
      for (const look of [...waiting]) look();
    },
    openSource,
    deepOptions,
  );
  let lastId = 0;

  const until = (wanted: (message: FromEngine) => boolean) =>
    new Promise<FromEngine>(resolve => {
      const look = () => {
        const found = messages.find(wanted);
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });

  async function answer(id: number): Promise<unknown> {
    const found = await until(
      message => (message.kind === 'reply' || message.kind === 'error') && message.id === id,
    );
    if (found.kind === 'error') throw new CowscopeError(found.error);
    return found.kind === 'reply' ? found.value : undefined;
  }

  async function list(spec: ListSpec, layer?: number): Promise<string> {
    const id = ++lastId;
    engine.receive({ kind: 'list', id, request: { spec, layer } });
    let text = '';
    let chunks = 0;
    const isOurs = (message: FromEngine) => message.kind === 'chunk' && message.id === id;
    for (;;) {
      await until(
        message => (message.kind === 'reply' && message.id === id) || messages.filter(isOurs).length > chunks,
      );
      const chunk = messages.filter(isOurs)[chunks];
      if (chunk?.kind !== 'chunk') break;
      text += new TextDecoder().decode(chunk.text);
      chunks++;
      engine.receive({ kind: 'chunkTaken', id });
    }
    await answer(id);
    return text;
  }

  engine.receive({ kind: 'open', plan });
  const failed = messages.find(message => message.kind === 'failed');
  if (failed?.kind === 'failed') throw new CowscopeError(failed.error);
  return {
    messages,
    ask(question, args) {
      const id = ++lastId;
      engine.receive({ kind: 'ask', id, question, args });
      return answer(id) as Promise<never>;
    },
    list,
    feed: (layer, batch) => engine.receive({ kind: 'batch', layer, batch }),
    send: message => engine.receive(message),
    until,
    async read() {
      await until(
        message =>
          message.kind === 'progress' &&
          message.layers.every(({ witness, phase }) => witness === 'nbd' || phase === 'done'),
      );
    },
  };
}

/** A plan for qcow2 files, base first, read by their metadata and, where a context list is given, over NBD too. */
export function planFiles(
  paths: readonly string[],
  options: Partial<EnginePlan> = {},
  nbd?: NbdPlan,
): EnginePlan {
  const layers = paths.map((path): LayerPlan => {
    const fd = openSync(path, 'r');
    opened.push(fd);
    const fileSize = fstatSync(fd).size;
    const image = openQcow2(fileSource({ fd, size: fileSize, path }));
    return {
      title: basename(path),
      size: image.header.size,
      clusterSize: image.geometry.clusterSize,
      metadata: { fd, fileSize, path, image: parsedOf(image) },
      ...(nbd === undefined ? {} : { nbd }),
    };
  });
  return { layers, size: layers.at(-1)!.size, buildPyramid: true, extentBudget: 1_000_000, ...options };
}

const opened: number[] = [];

/** Closes the files of all plans: a test that makes thousands does not keep them until its end. */
export function closeFiles(): void {
  for (const fd of opened.splice(0)) closeSync(fd);
}

(await import('vitest')).afterAll(closeFiles);
