// What hosts had, from when to when, as somebody sees it who sees all of them; a look-up's answer is held against it.
import { ANSWER_MS_MAX } from '../../mesh/limits.ts';
import { type LookUpAnswer, SHARED_QUESTION_MS_MAX } from '../../mesh/lookup/fan-out.ts';
import type { AddressKey, HostId } from '../../mesh/names.ts';
import type { Roster } from '../../mesh/roster.ts';

export interface LookUpTruthOptions {
  readonly legacyHost: HostId;
  /** The addresses that it has, always. */
  readonly legacy: ReadonlySet<AddressKey>;
  readonly violated: (sentence: string) => void;
}

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** An address in a host's index, from when to when. */
interface Tenure {
  readonly hostId: HostId;
  readonly key: AddressKey;
  readonly fromMs: number;
  toMs: number;
}

/** A host that was down, from when to when. */
interface Absence {
  readonly hostId: HostId;
  readonly fromMs: number;
  toMs: number;
}

export class LookUpTruth {
  readonly #options: LookUpTruthOptions;
  readonly #tenures: Tenure[] = [];
  readonly #absences: Absence[] = [];

  constructor(options: LookUpTruthOptions) {
    this.#options = options;
  }

  /** The host is down from now on, and shows nothing. */
  left(hostId: HostId, nowMs: number): void {
    for (const tenure of this.#tenures) if (tenure.hostId === hostId && tenure.toMs === Infinity) tenure.toMs = nowMs;
    this.#absences.push({ hostId, fromMs: nowMs, toMs: Infinity });
  }

  returned(hostId: HostId, nowMs: number): void {
    const absence = this.#absences.findLast((one) => one.hostId === hostId);
    if (absence !== undefined) absence.toMs = nowMs;
  }

  /** The host's index shows the address from now on, or does so no more. */
  shown(hostId: HostId, key: AddressKey, isShown: boolean, nowMs: number): void {
    const before = this.#tenures.findLast((tenure) => tenure.hostId === hostId && tenure.key === key);
    const isOpen = before?.toMs === Infinity;
    if (isShown && !isOpen) this.#tenures.push({ hostId, key, fromMs: nowMs, toMs: Infinity });
    if (!isShown && isOpen && before !== undefined) before.toMs = nowMs;
    const holders = this.#tenures.filter((tenure) => tenure.key === key && tenure.toMs === Infinity);
    if (holders.length > 1)
      this.#options.violated(`${key} is held by ${holders.map((one) => one.hostId).join(' and ')} at ${nowMs} ms`);
  }

  /** A look-up may be as much older than its question as it may be shared; it is never wrong about that time. */
  expect(asker: Roster, key: AddressKey, { emails, meta }: LookUpAnswer, asked: Span): void {
    const { legacyHost, legacy, violated } = this.#options;
    const span = { fromMs: asked.fromMs - SHARED_QUESTION_MS_MAX, toMs: asked.toMs };
    const said = (what: string) =>
      violated(`${asker.self.id} asked for ${key} from ${asked.fromMs} to ${asked.toMs} ms ${what}`);
    if (asked.toMs - asked.fromMs > ANSWER_MS_MAX + 1) said('waited too long');
    if (
      meta.hostsQueried !== asker.peers.length + 1 ||
      meta.hostsSucceeded + meta.hostsFailed.length !== meta.hostsQueried
    )
      said(`counted wrong: ${JSON.stringify(meta)}`);
    const named = emails.get(key)?.entry.hostId;
    if (named === legacyHost ? !legacy.has(key) : named !== undefined && !this.#held(named, key, span, 'some time'))
      said(`was told of ${named}, which never had it then`);
    for (const { id } of asker.peers) {
      if (meta.hostsFailed.includes(id)) continue;
      const isThere = id === legacyHost ? legacy.has(key) : this.#held(id, key, span, 'always');
      if (isThere && named !== id)
        said(`was told of ${named ?? 'nobody'}, but ${id} had it and is not named as silent`);
      if (this.#absences.some((one) => one.hostId === id && one.fromMs <= span.fromMs && one.toMs > span.toMs))
        said(`was not told that ${id} is silent`);
    }
  }

  #held(hostId: HostId, key: AddressKey, { fromMs, toMs }: Span, when: 'always' | 'some time'): boolean {
    return this.#tenures.some(
      (tenure) =>
        tenure.hostId === hostId &&
        tenure.key === key &&
        (when === 'always'
          ? tenure.fromMs <= fromMs && tenure.toMs >= toMs
          : tenure.fromMs <= toMs && tenure.toMs >= fromMs),
    );
  }
}
