// What a run finds that must not be. It is said as soon as it is found, for a run may end before its time, and with what repeats it: the octets
// that were sent, in the sentence itself where they are few.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SHOWN_BYTES_MAX = 300;

/** By a name that is a file's. */
type Octets = Readonly<Record<string, Uint8Array>>;

export class Violations {
  readonly #say: (line: string) => void;
  readonly #found: string[] = [];
  /** Made when there is something to keep, and left there. */
  #directory: string | undefined;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** A sentence each. */
  get found(): readonly string[] {
    return this.#found;
  }

  add(sentence: string, octets: Octets = {}): void {
    const places = Object.entries(octets).map(([name, one]) => `${name}: ${this.#placeOf(name, one)}`);
    const whole = [sentence, ...places].join('; ');
    this.#found.push(whole);
    this.#say(`VIOLATION ${this.#found.length}: ${whole}`);
  }

  /** What ends by itself before it is over is one, and the others go on. */
  async guard<Result>(name: string, work: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await work();
    } catch (error) {
      const { stack, cause } = error as Error;
      this.add(`${name} ended: ${stack ?? error}${cause === undefined ? '' : ` (${cause})`}`);
      return undefined;
    }
  }

  #placeOf(name: string, octets: Uint8Array): string {
    if (octets.length <= SHOWN_BYTES_MAX) return `base64 ${Buffer.from(octets).toString('base64')}`;
    this.#directory ??= mkdtempSync(join(tmpdir(), 'agent-email-mesh-violations-'));
    const file = join(this.#directory, name);
    writeFileSync(file, octets);
    return file;
  }
}
