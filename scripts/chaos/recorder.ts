// What clients of real hosts asked for and were told: a history for the checker. A claim that was not answered has an id that its client was
// never told; when another answer names one that no client was told, it is that one.
import { checkAddress, type RecordedOperation, type RegisterOperation } from '../../test/support/linearizability.ts';

interface Entry {
  operation: RegisterOperation;
  readonly callMs: number;
  returnMs?: number;
}

interface Attempt {
  readonly host: string;
  readonly address: string;
  readonly callMs: number;
  /** Once it is known. */
  claim: string | undefined;
}

export class Recorder {
  readonly #byAddress = new Map<string, Entry[]>();
  /** Claims whose end nobody heard, or that were answered 503. */
  readonly #open: Attempt[] = [];
  /** Claims that their own clients were told of. */
  readonly #known = new Set<string>();
  /** Claims that were won, or that an answer named as the owner, in the order in which they were. */
  readonly #named = new Map<string, { readonly host: string; readonly address: string }>();
  /** Claims that nobody has asked to be given up. */
  readonly #held = new Map<string, { readonly host: string; readonly address: string }>();
  operations = 0;

  won(host: string, address: string, claim: string, callMs: number, returnMs: number): void {
    this.operations += 1;
    this.#known.add(claim);
    this.#named.set(claim, { host, address });
    this.#held.set(claim, { host, address });
    this.#add(address, { kind: 'won', claim }, callMs, returnMs);
  }

  /** `owner`: the claim that stood against it, and its host. */
  lost(
    address: string,
    owner: { readonly claim: string; readonly host: string },
    callMs: number,
    returnMs: number,
  ): void {
    this.operations += 1;
    this.#named.set(owner.claim, { host: owner.host, address });
    this.#add(address, { kind: 'lost', owner: owner.claim }, callMs, returnMs);
  }

  /** Answered 503: it may have been made meanwhile, and is given back. */
  failed(host: string, address: string, claim: string | undefined, callMs: number): void {
    this.operations += 1;
    this.#open.push({ host, address, callMs, claim });
    if (claim !== undefined) this.#known.add(claim);
  }

  unanswered(host: string, address: string, callMs: number): void {
    this.failed(host, address, undefined, callMs);
  }

  /** `returnMs` absent: it was not confirmed, or not answered. */
  released(address: string, claim: string, callMs: number, returnMs: number | undefined): void {
    this.operations += 1;
    this.#held.delete(claim);
    this.#add(address, { kind: 'released', claim }, callMs, returnMs);
  }

  saw(host: string, address: string, claim: string, callMs: number, returnMs: number): void {
    this.operations += 1;
    this.#named.set(claim, { host, address });
    this.#held.set(claim, { host, address });
    this.#add(address, { kind: 'read', owner: claim }, callMs, returnMs);
  }

  /** A host's registry is gone: it may claim anew whatever it held. */
  wiped(host: string, nowMs: number): void {
    for (const [claim, { host: of, address }] of [...this.#held]) {
      if (of !== host) continue;
      this.#held.delete(claim);
      this.#add(address, { kind: 'released', claim }, nowMs, undefined);
    }
  }

  /**
   * A sentence for each address whose history no single register could have had. A claim that failed and that no answer names is left
   * out: in an order with it, nothing between it and its end depends on it, so there is one without it too. An engine that is away
   * refuses thousands, and the search would try each at every moment.
   */
  violations(): readonly string[] {
    this.#nameUnanswered();
    for (const { address, claim, callMs } of this.#open) {
      if (claim === undefined || !this.#named.has(claim)) continue;
      this.#add(address, { kind: 'tried', claim }, callMs, undefined);
      this.#add(address, { kind: 'released', claim }, callMs, undefined);
    }
    this.#open.length = 0;
    return [...this.#byAddress].flatMap(([address, entries]) => {
      const verdict = checkAddress(entries as readonly RecordedOperation[]);
      return verdict.kind === 'linearizable' ? [] : [`${address}: ${verdict.why}`];
    });
  }

  /**
   * Gives claims that were not answered the ids that only others were told. Not before all is recorded: a claim that is seen before its own answer
   * has come would be taken for an older one that has none.
   */
  #nameUnanswered(): void {
    for (const [claim, { host, address }] of this.#named) {
      if (this.#known.has(claim)) continue;
      const attempt = this.#open.find((one) => one.host === host && one.address === address && one.claim === undefined);
      if (attempt === undefined) continue;
      attempt.claim = claim;
      this.#known.add(claim);
    }
  }

  #add(address: string, operation: RegisterOperation, callMs: number, returnMs: number | undefined): void {
    const entry: Entry = { operation, callMs, ...(returnMs === undefined ? {} : { returnMs }) };
    const entries = this.#byAddress.get(address);
    if (entries === undefined) this.#byAddress.set(address, [entry]);
    else entries.push(entry);
  }
}
