// What a check says: something that is not as it should be, what follows of that, and how it is mended.

export interface Finding {
  /** The check that found it, such as `clocks`. */
  readonly check: string;
  /** The host of hosts.json that it is about; absent: this machine. */
  readonly host?: string;
  /** What is so: a sentence. */
  readonly what: string;
  /** What follows of it: a sentence. */
  readonly meaning: string;
  /** A command for a shell, to be typed as it is. */
  readonly mend: string;
  /** Where the command is typed, when not here. */
  readonly where?: string;
}

/** A text as one word of a shell. */
export function word(text: string): string {
  return /^[\w./:@=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
