// What clients of a simulated or real mesh asked for, when, and how it ended: the histories that the checker is given, one for each
// address. What nobody heard the end of stays open, for it may take effect at any later time.
import type { AddressKey, ClaimId, HostId } from '../../mesh/names.ts';
import { checkAddress, type RecordedOperation, type RegisterOperation } from './linearizability.ts';

interface Recorded {
  operation: RegisterOperation;
  callMs: number;
  returnMs?: number;
}

interface Claimed {
  readonly host: HostId;
  readonly key: AddressKey;
  readonly claim: ClaimId;
  readonly entry: Recorded;
  isOpen: boolean;
}

export class ClaimHistory {
  readonly #byKey = new Map<AddressKey, Recorded[]>();
  readonly #claims = new Map<ClaimId, Claimed>();
  /** Claims that were won and that nobody has asked to be released. */
  readonly #held = new Set<ClaimId>();

  get size(): number {
    let size = 0;
    for (const entries of this.#byKey.values()) size += entries.length;
    return size;
  }

  claimCalled(host: HostId, key: AddressKey, claim: ClaimId, nowMs: number): void {
    const entry = this.#add(key, { kind: 'tried', claim }, nowMs);
    this.#claims.set(claim, { host, key, claim, entry, isOpen: true });
  }

  claimWon(claim: ClaimId, nowMs: number): void {
    const { entry } = this.#end(claim);
    entry.operation = { kind: 'won', claim };
    entry.returnMs = nowMs;
    this.#held.add(claim);
  }

  /** `isExposed`: its own value may have been accepted somewhere, and is being aborted. */
  claimLost(claim: ClaimId, owner: ClaimId, isExposed: boolean, nowMs: number): void {
    const { entry, key } = this.#end(claim);
    entry.operation = { kind: 'lost', owner };
    entry.returnMs = nowMs;
    if (!isExposed) return;
    this.#add(key, { kind: 'tried', claim }, entry.callMs);
    this.#add(key, { kind: 'released', claim }, nowMs);
  }

  /** Answered 503, or 409 for another address of the same request. */
  claimFailed(claim: ClaimId, isExposed: boolean, nowMs: number): void {
    const { entry, key } = this.#end(claim);
    if (isExposed) this.#add(key, { kind: 'released', claim }, nowMs);
    else this.#byKey.get(key)?.splice(this.#byKey.get(key)?.indexOf(entry) ?? 0, 1);
  }

  /** An answer from what this host holds itself. */
  refusedAtOnce(key: AddressKey, owner: ClaimId, nowMs: number): void {
    this.#add(key, { kind: 'lost', owner }, nowMs).returnMs = nowMs;
  }

  /** Returns what to call when it is known to be over. */
  releaseCalled(key: AddressKey, claim: ClaimId, nowMs: number): (endMs: number) => void {
    this.#held.delete(claim);
    const entry = this.#add(key, { kind: 'released', claim }, nowMs);
    return (endMs) => {
      entry.returnMs = endMs;
    };
  }

  saw(key: AddressKey, owner: ClaimId | null, callMs: number, returnMs: number): void {
    this.#add(key, { kind: 'read', owner }, callMs).returnMs = returnMs;
  }

  /** Claims in hand are aborted after the restart, unless the registry had taken them. */
  crashed(host: HostId, nowMs: number): void {
    for (const { host: of, key, claim, isOpen } of this.#claims.values())
      if (of === host && isOpen) {
        this.#end(claim);
        this.#add(key, { kind: 'released', claim }, nowMs);
      }
  }

  /** Its registry is gone: whatever it held, it may claim anew. */
  wiped(host: HostId, nowMs: number): void {
    for (const { host: of, key, claim } of this.#claims.values())
      if (of === host && this.#held.delete(claim)) this.#add(key, { kind: 'released', claim }, nowMs);
  }

  /** One sentence for each address whose history no single register could have had. */
  violations(stepsMax?: number): readonly string[] {
    const found: string[] = [];
    for (const [key, entries] of this.#byKey) {
      const verdict = checkAddress(entries as readonly RecordedOperation[], stepsMax);
      if (verdict.kind !== 'linearizable') found.push(`${key}: ${verdict.why}`);
    }
    return found;
  }

  /** The history of one address, for a person. */
  of(key: AddressKey): readonly RecordedOperation[] {
    return this.#byKey.get(key) ?? [];
  }

  #add(key: AddressKey, operation: RegisterOperation, callMs: number): Recorded {
    const entry: Recorded = { operation, callMs };
    const entries = this.#byKey.get(key);
    if (entries === undefined) this.#byKey.set(key, [entry]);
    else entries.push(entry);
    return entry;
  }

  #end(claim: ClaimId): Claimed {
    const claimed = this.#claims.get(claim);
    if (claimed === undefined) throw new Error(`No claim '${claim}' was called.`);
    claimed.isOpen = false;
    return claimed;
  }
}
