// What a command has to say: to a person, and to a script.

export interface Report {
  /** Lines for a person. */
  readonly text: string;
  /** The node's answer, which `--json` prints. */
  readonly value: unknown;
  /** Whether all is well, which the exit code tells scripts. */
  readonly ok: boolean;
}

/** How a text stands out in a terminal; plain where colours are not wanted. */
export interface Paint {
  good(text: string): string;
  bad(text: string): string;
  faint(text: string): string;
}

export const PLAIN: Paint = { good: (text) => text, bad: (text) => text, faint: (text) => text };
