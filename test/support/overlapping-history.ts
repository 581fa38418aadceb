// A history of one real register and of clients that ask it one thing after the other, each answer long under way, some lost.
import type { Random } from '../../mesh/ports.ts';
import type { RecordedOperation, RegisterOperation } from './linearizability.ts';

const OPERATIONS = 700;

/** A history of one address that a single register did have, of some hundreds of operations: each client has one under way at any time. */
export function overlappingHistory(random: Random, clients: number): readonly RecordedOperation[] {
  return new Register(random).run(clients);
}

class Register {
  readonly #random: Random;
  readonly #history: RecordedOperation[] = [];
  readonly #due: { readonly atMs: number; readonly run: () => void }[] = [];
  #state: string | null = null;
  #claims = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  run(clients: number): readonly RecordedOperation[] {
    for (let client = 0; client < clients; client += 1) this.#ask(this.#draw(20), undefined);
    while (this.#due.length > 0) {
      this.#due.sort((one, other) => one.atMs - other.atMs);
      this.#due.shift()?.run();
    }
    return this.#history;
  }

  /** A client's next question: it gives up the claim that it holds, looks the address up, or claims it. */
  #ask(callMs: number, held: string | undefined): void {
    if (this.#history.length >= OPERATIONS) return;
    const atMs = callMs + 1 + this.#draw(20);
    const returnMs = atMs + 1 + this.#draw(this.#draw(10) === 0 ? 200 : 20);
    if (held !== undefined) this.#release(held, callMs, atMs, returnMs);
    else if (this.#draw(3) === 0) {
      this.#at(atMs, () => this.#add({ kind: 'read', owner: this.#state }, callMs, returnMs));
      this.#at(returnMs, () => this.#ask(returnMs + 1, undefined));
    } else this.#claim(callMs, atMs, returnMs);
  }

  #release(held: string, callMs: number, atMs: number, returnMs: number): void {
    this.#add({ kind: 'released', claim: held }, callMs, this.#isHeard() ? returnMs : undefined);
    this.#at(atMs, () => this.#free(held));
    this.#at(returnMs, () => this.#ask(returnMs + 1, undefined));
  }

  #claim(callMs: number, atMs: number, returnMs: number): void {
    this.#claims += 1;
    const claim = `c${this.#claims}`;
    this.#at(atMs, () => {
      const isHeard = this.#isHeard();
      if (this.#state !== null) {
        if (isHeard) this.#add({ kind: 'lost', owner: this.#state }, callMs, returnMs);
      } else {
        this.#state = claim;
        this.#add(isHeard ? { kind: 'won', claim } : { kind: 'tried', claim }, callMs, isHeard ? returnMs : undefined);
        if (!isHeard) {
          this.#add({ kind: 'released', claim }, callMs, undefined);
          this.#at(atMs + this.#draw(60), () => this.#free(claim));
        }
      }
      const held = this.#state === claim && isHeard ? claim : undefined;
      this.#at(returnMs, () => this.#ask(returnMs + 1, held));
    });
  }

  #free(claim: string): void {
    if (this.#state === claim) this.#state = null;
  }

  #isHeard(): boolean {
    return this.#draw(4) !== 0;
  }

  #draw(below: number): number {
    return Math.floor(this.#random.next() * below);
  }

  #at(atMs: number, run: () => void): void {
    this.#due.push({ atMs, run });
  }

  #add(operation: RegisterOperation, callMs: number, returnMs: number | undefined): void {
    this.#history.push({ operation, callMs, ...(returnMs === undefined ? {} : { returnMs }) });
  }
}
