// Whether a recorded history of one address could be that of a single register: the search of Wing and Gong (1993) in Lowe's form
// ("Testing for linearizability", 2017), which remembers every set of operations with the state it led to and never goes there
// twice. An operation takes effect at one moment between its call and its return; one that never returned, at any later moment or
// not at all. A search that runs out of steps is a failure and says so: it is never a pass.

/** `null`: the address is free; otherwise the claim that holds it. */
type RegisterState = string | null;

/** What an operation would have seen, and what it would have done. */
export type RegisterOperation =
  /** `won`: the claim was answered 201; it found the address free. */
  | { readonly kind: 'won'; readonly claim: string }
  /** Answered 409: the claim `owner` held the address. */
  | { readonly kind: 'lost'; readonly owner: string }
  /** A claim whose end nobody heard, or that was answered 503: if it takes effect, it finds the address free. */
  | { readonly kind: 'tried'; readonly claim: string }
  /** The claim is given up: by its release, by its abort, or because its host lost its data. Leaves any other as it is. */
  | { readonly kind: 'released'; readonly claim: string }
  | { readonly kind: 'read'; readonly owner: RegisterState };

export interface RecordedOperation {
  readonly operation: RegisterOperation;
  /** Any clock that all operations share. */
  readonly callMs: number;
  /** Absent: it never returned, or nobody heard of it. */
  readonly returnMs?: number;
}

export type Verdict =
  | { readonly kind: 'linearizable'; readonly steps: number }
  | { readonly kind: 'violation'; readonly steps: number; readonly why: string }
  | { readonly kind: 'exhausted'; readonly steps: number; readonly why: string };

const STEPS_MAX = 2_000_000;

/** Checks the operations on one address, which was free at first. */
export function checkAddress(history: readonly RecordedOperation[], stepsMax = STEPS_MAX): Verdict {
  const search = new Search(history, stepsMax);
  return search.run();
}

/** The state after the operation, or `undefined` when it can't take effect in this one. */
function applyOperation(state: RegisterState, operation: RegisterOperation): RegisterState | undefined {
  switch (operation.kind) {
    case 'won':
    case 'tried':
      return state === null ? operation.claim : undefined;
    case 'lost':
      return state === operation.owner ? state : undefined;
    case 'released':
      return state === operation.claim ? null : state;
    case 'read':
      return state === operation.owner ? state : undefined;
  }
}

/** A call or a return, in a list of all of them by time. */
interface Entry {
  /** Position of its operation in the history. */
  readonly id: number;
  /** Of a call: its return, when there is one. */
  match: Entry | undefined;
  readonly isCall: boolean;
  previous: Entry | undefined;
  next: Entry | undefined;
}

class Search {
  readonly #history: readonly RecordedOperation[];
  readonly #stepsMax: number;
  readonly #head: Entry = { id: -1, match: undefined, isCall: false, previous: undefined, next: undefined };
  readonly #seen = new Set<string>();
  readonly #taken: Uint32Array;
  #open = 0;
  #steps = 0;
  /** The most returns that were explained at once, and the operation that stood in the way then. */
  #best = -1;
  #stuckAt = 0;

  constructor(history: readonly RecordedOperation[], stepsMax: number) {
    this.#history = history;
    this.#stepsMax = stepsMax;
    this.#taken = new Uint32Array(Math.ceil(history.length / 32));
    let last = this.#head;
    for (const entry of entriesOf(history)) {
      entry.previous = last;
      last.next = entry;
      last = entry;
      if (!entry.isCall) this.#open += 1;
    }
  }

  run(): Verdict {
    const chosen: { readonly call: Entry; readonly before: RegisterState }[] = [];
    const returns = this.#open;
    let state: RegisterState = null;
    let entry = this.#head.next;
    while (this.#open > 0) {
      this.#steps += 1;
      if (this.#steps > this.#stepsMax) {
        const why = `The search was given up after ${this.#stepsMax} steps; it says nothing of ${this.#history.length} operations.`;
        return { kind: 'exhausted', steps: this.#steps, why };
      }
      if (entry?.isCall) {
        const operation = this.#history[entry.id]?.operation as RegisterOperation;
        const next = applyOperation(state, operation);
        if (next !== undefined && this.#isNew(entry.id, next)) {
          chosen.push({ call: entry, before: state });
          state = next;
          this.#lift(entry);
          entry = this.#head.next;
        } else entry = entry.next;
        continue;
      }
      // A return whose operation has not taken effect yet, or the end: what was chosen last was wrong.
      if (entry !== undefined && returns - this.#open > this.#best) {
        this.#best = returns - this.#open;
        this.#stuckAt = entry.id;
      }
      const last = chosen.pop();
      if (last === undefined) return { kind: 'violation', steps: this.#steps, why: this.#explanation() };
      state = last.before;
      this.#putBack(last.call);
      entry = last.call.next;
    }
    return { kind: 'linearizable', steps: this.#steps };
  }

  /** Remembers the set of chosen operations, this one among them, with the state; false when it was there before. */
  #isNew(id: number, state: RegisterState): boolean {
    this.#mark(id, true);
    const known = this.#seen.size;
    this.#seen.add(`${this.#taken.join()} ${state ?? ''}`);
    const isNew = this.#seen.size > known;
    if (!isNew) this.#mark(id, false);
    return isNew;
  }

  #mark(id: number, isTaken: boolean): void {
    const at = id >>> 5;
    const bit = 1 << (id & 31);
    this.#taken[at] = isTaken ? (this.#taken[at] ?? 0) | bit : (this.#taken[at] ?? 0) & ~bit;
  }

  #lift(call: Entry): void {
    unlink(call);
    if (call.match !== undefined) {
      unlink(call.match);
      this.#open -= 1;
    }
  }

  #putBack(call: Entry): void {
    this.#mark(call.id, false);
    if (call.match !== undefined) {
      link(call.match);
      this.#open += 1;
    }
    link(call);
  }

  #explanation(): string {
    const { operation, callMs, returnMs } = this.#history[this.#stuckAt] as RecordedOperation;
    return `No order explains '${describe(operation)}', called at ${callMs} ms and ended at ${returnMs} ms, together with what ended before.`;
  }
}

function describe(operation: RegisterOperation): string {
  switch (operation.kind) {
    case 'won':
      return `claim ${operation.claim} won`;
    case 'lost':
      return `a claim lost to ${operation.owner}`;
    case 'tried':
      return `claim ${operation.claim} was tried`;
    case 'released':
      return `claim ${operation.claim} was given up`;
    case 'read':
      return `a look-up saw ${operation.owner ?? 'nobody'}`;
  }
}

/** Calls and returns by time; at one time calls first, so that what touches overlaps. */
function entriesOf(history: readonly RecordedOperation[]): readonly Entry[] {
  const timed: { readonly atMs: number; readonly entry: Entry }[] = [];
  for (const [id, { callMs, returnMs }] of history.entries()) {
    const call: Entry = { id, match: undefined, isCall: true, previous: undefined, next: undefined };
    timed.push({ atMs: callMs, entry: call });
    if (returnMs === undefined) continue;
    call.match = { id, match: undefined, isCall: false, previous: undefined, next: undefined };
    timed.push({ atMs: returnMs, entry: call.match });
  }
  timed.sort((one, other) => one.atMs - other.atMs || Number(other.entry.isCall) - Number(one.entry.isCall));
  return timed.map(({ entry }) => entry);
}

function unlink({ previous, next }: Entry): void {
  if (previous !== undefined) previous.next = next;
  if (next !== undefined) next.previous = previous;
}

/** Undoes `unlink`, in the reverse order of the unlinking. */
function link(entry: Entry): void {
  if (entry.previous !== undefined) entry.previous.next = entry;
  if (entry.next !== undefined) entry.next.previous = entry;
}
