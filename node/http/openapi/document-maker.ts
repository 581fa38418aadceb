// The document's text, made once, when somebody first asks for it: few nodes are asked, and all would have its schemas in memory. A thread of
// its own makes it and ends.
import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { DocumentQuestion } from './document.ts';

export class DocumentMaker {
  readonly #version: string;
  #paths: () => readonly string[] = () => [];
  #text: Promise<string> | undefined;

  constructor(version: string) {
    this.#version = version;
  }

  /** `paths`: those that are served once somebody asks, as their routes have them. */
  tellOf(paths: () => readonly string[]): void {
    this.#paths = paths;
  }

  /** JSON. Rejects when the thread fails; whoever asks next has it made anew. */
  text(): Promise<string> {
    this.#text ??= made({ version: this.#version, paths: this.#paths() }).catch((error: unknown) => {
      this.#text = undefined;
      throw error;
    });
    return this.#text;
  }
}

async function made(workerData: DocumentQuestion): Promise<string> {
  const worker = new Worker(new URL(`./document-worker${extname(import.meta.filename)}`, import.meta.url), {
    workerData,
    name: 'document',
  });
  const [text] = (await once(worker, 'message')) as [string];
  return text;
}
