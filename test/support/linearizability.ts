// Whether a recorded history of one address could be that of a single register: the search of Wing and Gong (1993) in Lowe's form
// ("Testing for linearizability", 2017), which remembers every set of operations with the state it led to and never goes there
// twice. An operation takes effect at one moment between its call and its return; one that never returned, at any later moment or
// not at all. A search that runs out of steps is a failure and says so: it is never a pass.
//
// Four observations keep the search small where many operations overlap. An operation that may take effect now and can change nothing,
// now or later, is taken at once: an order that has it later is as good with it here. A claim takes effect before the first return of
// those that saw it, whatever became of its own answer. It is not given up before all who saw it. And of the calls that give it up any
// will do, for the others change nothing then.

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
  return new Search(withDeadlines(history), stepsMax).run();
}

function claimOf(operation: RegisterOperation): string | undefined {
  return operation.kind === 'won' || operation.kind === 'tried' ? operation.claim : undefined;
}

/** The claim that held the address when the operation took effect. */
function seenBy(operation: RegisterOperation): string | undefined {
  return operation.kind === 'lost' || operation.kind === 'read' ? (operation.owner ?? undefined) : undefined;
}

/** The same history, in which each claim ends when somebody is answered who saw it. */
function withDeadlines(history: readonly RecordedOperation[]): readonly RecordedOperation[] {
  const deadlines = new Map<string, number>();
  const made = new Map<string, number>();
  for (const { operation, returnMs = Infinity } of history) {
    const [claim, seen] = [claimOf(operation), seenBy(operation)];
    if (claim !== undefined) addTo(made, claim, 1);
    if (seen !== undefined) deadlines.set(seen, Math.min(returnMs, deadlines.get(seen) ?? Infinity));
  }
  return history.map((recorded) => {
    const claim = claimOf(recorded.operation);
    // Of two claims by one name either may be the one that was seen.
    if (claim === undefined || made.get(claim) !== 1) return recorded;
    const returnMs = Math.min(deadlines.get(claim) ?? Infinity, recorded.returnMs ?? Infinity);
    // That a claim was seen before it was called is for the search to find.
    return returnMs === Infinity || returnMs < recorded.callMs ? recorded : { ...recorded, returnMs };
  });
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

/** Where the search is: the state that `call` led to, and what has not been tried from there. */
interface Frame {
  readonly state: RegisterState;
  readonly choices: Entry[];
  /** Absent at the beginning. */
  readonly call: Entry | undefined;
}

class Search {
  readonly #history: readonly RecordedOperation[];
  readonly #stepsMax: number;
  readonly #head: Entry = { id: -1, match: undefined, isCall: false, previous: undefined, next: undefined };
  readonly #seen = new Set<string>();
  readonly #taken: Uint32Array;
  /** How many operations that make a claim have not taken effect; a claim of which none is left is absent. */
  readonly #toCome = new Map<string, number>();
  /** How many operations that see a claim have not. */
  readonly #toSee = new Map<string, number>();
  #open = 0;
  #steps = 0;
  /** The most returns that were explained at once, and the operation that stood in the way then. */
  #best = -1;
  #stuckAt = 0;

  constructor(history: readonly RecordedOperation[], stepsMax: number) {
    this.#history = history;
    this.#stepsMax = stepsMax;
    this.#taken = new Uint32Array(Math.ceil(history.length / 32));
    for (const recorded of history) this.#count(recorded, 1);
    let last = this.#head;
    for (const entry of entriesOf(history)) {
      entry.previous = last;
      last.next = entry;
      last = entry;
      if (!entry.isCall) this.#open += 1;
    }
  }

  run(): Verdict {
    const returns = this.#open;
    const frames: Frame[] = [{ state: null, choices: this.#choices(null), call: undefined }];
    while (this.#open > 0) {
      this.#steps += 1;
      if (this.#steps > this.#stepsMax) {
        const why = `The search was given up after ${this.#stepsMax} steps; it says nothing of ${this.#history.length} operations.`;
        return { kind: 'exhausted', steps: this.#steps, why };
      }
      const frame = frames.at(-1) as Frame;
      const call = frame.choices.shift();
      if (call === undefined) {
        // What stands in the way is the first return whose operation has not taken effect: what was chosen last was wrong.
        this.#remember(returns - this.#open);
        frames.pop();
        if (frame.call === undefined) return { kind: 'violation', steps: this.#steps, why: this.#explanation() };
        this.#putBack(frame.call);
        continue;
      }
      const state = applyOperation(frame.state, this.#recorded(call).operation) as RegisterState;
      if (!this.#isNew(call.id, state)) continue;
      this.#lift(call);
      frames.push({ state, choices: this.#choices(state), call });
    }
    return { kind: 'linearizable', steps: this.#steps };
  }

  #recorded(entry: Entry): RecordedOperation {
    return this.#history[entry.id] as RecordedOperation;
  }

  /** The calls of which one may take effect next, those that must end first in front; one alone where it is as good as any. */
  #choices(state: RegisterState): Entry[] {
    const choices: Entry[] = [];
    let isFreed = false;
    for (let entry = this.#head.next; entry?.isCall; entry = entry.next) {
      const { operation } = this.#recorded(entry);
      if (applyOperation(state, operation) === undefined) continue;
      if (operation.kind === 'lost' || operation.kind === 'read') return [entry];
      if (operation.kind === 'released' && !this.#toCome.has(operation.claim)) {
        if (state !== operation.claim) return [entry];
        if (isFreed || this.#toSee.has(operation.claim)) continue;
        isFreed = true;
      }
      choices.push(entry);
    }
    return choices.sort((one, other) => this.#returnMs(one) - this.#returnMs(other));
  }

  #returnMs(call: Entry): number {
    return this.#recorded(call).returnMs ?? Number.MAX_VALUE;
  }

  /** The first return that is left stood in the way of an order that explained `explained` others. */
  #remember(explained: number): void {
    if (explained <= this.#best) return;
    let entry = this.#head.next;
    while (entry?.isCall) entry = entry.next;
    if (entry === undefined) return;
    this.#best = explained;
    this.#stuckAt = entry.id;
  }

  #count({ operation, returnMs }: RecordedOperation, change: 1 | -1): void {
    const made = claimOf(operation);
    const seen = returnMs === undefined ? undefined : seenBy(operation);
    if (made !== undefined) addTo(this.#toCome, made, change);
    if (seen !== undefined) addTo(this.#toSee, seen, change);
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
    this.#count(this.#recorded(call), -1);
    unlink(call);
    if (call.match !== undefined) {
      unlink(call.match);
      this.#open -= 1;
    }
  }

  #putBack(call: Entry): void {
    this.#mark(call.id, false);
    this.#count(this.#recorded(call), 1);
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

function addTo(counts: Map<string, number>, key: string, change: number): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
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
