// How the command is typed once more where it was typed. What the program advises is written `npx mesh …` in its source, which works in a clone
// and wherever npm knows the package; it is said to a person as that person called it.
import { basename, delimiter, join, relative, resolve, sep } from 'node:path';
import { shellWord } from '../machine/shell-word.ts';

export interface Call {
  /** The program as it was started, by whatever name or link. */
  readonly script: string;
  /** The folder of the package. */
  readonly home: string;
  /** Where it was started. */
  readonly folder: string;
  /** What is read of the environment: what npm says that it runs, and where a shell looks for commands. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const ADVISED = 'npx mesh';

/** `npx mesh`; `mesh` where that is in the path; in any other folder, `node` with where the program lies. */
export function calledAs({ script, home, folder, environment }: Call): string {
  if (environment.npm_lifecycle_event === 'npx') return ADVISED;
  const path = (environment.PATH ?? '').split(delimiter);
  if (basename(script) === 'mesh' && path.includes(resolve(script, '..'))) return 'mesh';
  const [project = home] = home.split(`${sep}node_modules${sep}`);
  const way = relative(project, folder);
  if (way !== '..' && !way.startsWith(`..${sep}`)) return ADVISED;
  return `node ${shellWord(join(home, 'node', 'mesh.js'))}`;
}

/** A text for people, with its commands as they were called. */
export function saidAs(text: string, called: string): string {
  return text.replace(/\bnpx mesh(?= )/g, () => called);
}
