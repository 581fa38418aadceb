// The clients of the simulated mesh of claims: what they ask a host for, as its registry would do it, told to the history.
import type { AddressKey, AgentId, ClaimId, HostId } from '../../mesh/names.ts';
import type { Owner } from '../../mesh/owner.ts';
import type { Write } from '../../mesh/ports.ts';
import { intentWrite } from '../../mesh/state/claim-records.ts';
import type { Event, Result } from '../../mesh/state/events.ts';
import type { ClaimHistory } from './claim-history.ts';
import { isBeingReleased, REGISTRY, type SimulatedHost } from './simulated-host.ts';

/** How an operation that a client asked for ended; a crash of its host leaves it without an end. */
export interface Outcome {
  readonly host: HostId;
  readonly key: AddressKey;
  readonly claimId: ClaimId;
  readonly result: 'held' | 'released' | 'conflict' | 'unavailable';
  /** Whom a conflict named. */
  readonly owner?: Owner;
}

export interface SimulatedClientsOptions {
  readonly history: ClaimHistory;
  readonly nowMs: () => number;
  /** Different at each call. */
  readonly nextNumber: () => number;
  readonly tell: (host: SimulatedHost, event: Event) => void;
  readonly trace: (host: HostId, text: string) => void;
  readonly violated: (sentence: string) => void;
  /** The host holds the address from now on. */
  readonly held: (key: AddressKey) => void;
  /** A claim of the address lost to this owner. */
  readonly lostTo: (key: AddressKey, owner: Owner) => void;
}

export class SimulatedClients {
  readonly outcomes: Outcome[] = [];
  readonly #options: SimulatedClientsOptions;

  constructor(options: SimulatedClientsOptions) {
    this.#options = options;
  }

  claim(host: SimulatedHost, key: AddressKey): void {
    if (!host.core || host.busy.has(key)) return;
    const { id } = host;
    const { history, nowMs, nextNumber, trace, lostTo } = this.#options;
    const claimId = `claim-${String(nextNumber()).padStart(8, '0')}` as ClaimId;
    const held = host.registry.get(key);
    if (held) {
      history.refusedAtOnce(key, held.claimId, nowMs());
      this.outcomes.push({ host: id, key, claimId, result: 'conflict', owner: held });
      return;
    }
    host.busy.add(key);
    history.claimCalled(id, key, claimId, nowMs());
    trace(id, `is asked to claim ${key} as ${claimId}`);
    const owner: Owner = {
      hostId: id,
      agentId: 'agent' as AgentId,
      agentName: 'agent',
      claimId,
      since: '2026-01-27T12:00:00Z',
    };
    this.run(
      host,
      (operation) => ({ type: 'claim', operation, claims: [{ key, owner }] }),
      (result) => {
        if (result.kind === 'held') {
          this.#hold(host, key, owner, result.intentsDone);
        } else if (result.kind === 'conflict') {
          lostTo(result.key, result.owner);
          history.claimLost(claimId, result.owner.claimId, isBeingReleased(host, claimId), nowMs());
          this.#ended(host, { host: id, key, claimId, result: 'conflict', owner: result.owner });
        } else {
          history.claimFailed(claimId, isBeingReleased(host, claimId), nowMs());
          this.#ended(host, { host: id, key, claimId, result: 'unavailable' });
        }
      },
    );
  }

  confirm(host: SimulatedHost, key: AddressKey): void {
    const owner = host.registry.get(key);
    if (!host.core || !owner || host.busy.has(key)) return;
    host.busy.add(key);
    this.run(
      host,
      (operation) => ({ type: 'confirm', operation, claims: [{ key, owner }] }),
      (result) => {
        host.busy.delete(key);
        if (result.kind === 'confirmed' && result.rivals.length > 0)
          this.#options.violated(`${host.id} holds ${key}, but the voters name ${result.rivals[0]?.owner.claimId}`);
      },
    );
  }

  release(host: SimulatedHost, key: AddressKey): void {
    const held = host.registry.get(key);
    if (!host.core || !held || host.busy.has(key)) return;
    const { history, nowMs, trace } = this.#options;
    host.busy.add(key);
    const { claimId } = held;
    trace(host.id, `is asked to release ${key}`);
    const released = history.releaseCalled(key, claimId, nowMs());
    host.disk.commit([intentWrite({ key, claimId }), { key: REGISTRY + key, value: undefined }], () => {
      host.registry.delete(key);
      this.#ended(host, { host: host.id, key, claimId, result: 'released' });
      this.run(
        host,
        (operation) => ({ type: 'release', operation, claims: [{ key, claimId }] }),
        () => released(nowMs()),
      );
    });
  }

  read(host: SimulatedHost, key: AddressKey, done: (result: Result) => void): void {
    const { history, nowMs } = this.#options;
    const callMs = nowMs();
    this.run(
      host,
      (operation) => ({ type: 'read', operation, key }),
      (result) => {
        if (result.kind === 'read') history.saw(key, result.owner?.claimId ?? null, callMs, nowMs());
        done(result);
      },
    );
  }

  /** `done` is told what became of it, unless the host crashes before. */
  run(host: SimulatedHost, event: (operation: number) => Event, done: (result: Result) => void): void {
    const operation = this.#options.nextNumber();
    host.finishing.set(operation, done);
    this.#options.tell(host, event(operation));
  }

  #hold(host: SimulatedHost, key: AddressKey, owner: Owner, intentsDone: readonly Write[]): void {
    host.disk.commit([...intentsDone, { key: REGISTRY + key, value: owner }], () => {
      const { history, nowMs, held } = this.#options;
      host.registry.set(key, owner);
      held(key);
      history.claimWon(owner.claimId, nowMs());
      this.#ended(host, { host: host.id, key, claimId: owner.claimId, result: 'held' });
    });
  }

  #ended(host: SimulatedHost, outcome: Outcome): void {
    host.busy.delete(outcome.key);
    this.outcomes.push(outcome);
  }
}
