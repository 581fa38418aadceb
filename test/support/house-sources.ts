// The sources of this project, as the tests of the house read them.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

export interface Source {
  /** From the root, as `mesh/time/alarms.ts`. */
  readonly path: string;
  readonly text: string;
}

export const sourcesIn = (folder: string): Source[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => ({ path: `${folder}/${name}`, text: readFileSync(join(ROOT, folder, name), 'utf8') }));

export const SOURCES = ['mesh', 'node', 'scripts'].flatMap(sourcesIn);

/** The same for tests and what they use. */
export const TESTS = sourcesIn('test');

/** A table of sources for `it.each`, each by its path. */
export const byPath = (sources: readonly Source[]) => sources.map((source) => [source.path, source] as const);

/** Files of this project that a file imports, as paths from the root. */
export function importsOf({ path, text }: Source): string[] {
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, specifier]) =>
    String(specifier),
  );
  return specifiers.map((specifier) => normalize(join(dirname(path), specifier)));
}
