// Telling the other hosts of changes of the list of hosts. A host first says the digest of all that it knows; where the other's is the same, nothing
// more is said. Otherwise it tells what the other may not know yet, in parts. Whoever could not be told is told later, at the latest when it is heard
// again. While nothing changed, and everybody was told, nothing is sent.
import {
  CHANGES_OF_MESSAGE_MAX,
  HOSTS_PATH,
  HOSTS_VERSION,
  type HostChange,
  type HostsMessage,
  hostsAnswer,
} from '../../mesh/admission/host-changes.ts';
import { refusalOf } from '../../mesh/errors.ts';
import type { HostId } from '../../mesh/names.ts';
import type { Clock, PeerTransport } from '../../mesh/ports.ts';
import { Sleeper } from '../../mesh/time/sleeper.ts';
import type { HostList } from './host-list.ts';

/** One exchange. The other writes its hosts.json meanwhile. */
const NEWS_ANSWER_MS_MAX = 5_000;
const NEWS_ANSWER_BYTES_MAX = 4_096;
/** Hosts that are told at once. */
const NEWS_AT_ONCE_MAX = 8;
/** A host that could not be told is told again after this long, or earlier when it is heard again. */
export const NEWS_RETRY_MS = 10_000;

export interface HostNewsOptions {
  readonly list: HostList;
  /** The hosts to tell: every host that speaks this, also one that was just taken out and may not know it. */
  readonly listeners: () => readonly HostId[];
  readonly transport: PeerTransport;
  readonly clock: Clock;
}

export class HostNews {
  readonly #options: HostNewsOptions;
  readonly #sleeper: Sleeper;
  /** The hosts whose digest was the same as this one, when it was last asked or heard. */
  readonly #agreed = new Map<HostId, string>();
  /** For each host, the changes that it is known to have, by their MACs. */
  readonly #told = new Map<HostId, Set<string>>();
  /** Not before that moment of the monotonic clock. */
  readonly #againMs = new Map<HostId, number>();

  constructor(options: HostNewsOptions) {
    this.#options = options;
    this.#sleeper = new Sleeper(options.clock);
    options.list.subscribe(() => this.#sleeper.wake());
  }

  /** Notes of what other hosts know, one for each change and host: no more than there are of both. */
  get noted(): number {
    return [...this.#told.values()].reduce((sum, changes) => sum + changes.size, 0);
  }

  /** Tells that host now what it may not know, since it answers again; of all hosts, since hosts.json was edited. */
  found(id?: HostId): void {
    if (id === undefined) {
      this.#againMs.clear();
      this.#forgetOthers();
    } else this.#againMs.delete(id);
    this.#sleeper.wake();
  }

  /** What another host tells. Resolves with this one's digest, once what it told is in hosts.json. */
  async receive(from: HostId, { digest, changes }: HostsMessage): Promise<string> {
    const { list } = this.#options;
    await list.hear(changes);
    this.#noteTold(from, changes);
    if (digest === list.digest) this.#agreed.set(from, digest);
    return list.digest;
  }

  /** Tells whoever is to be told until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, list } = this.#options;
    signal.addEventListener('abort', () => this.#sleeper.wake(), { once: true });
    while (!signal.aborted) {
      this.#sleeper.prepare();
      const nowMs = clock.monotonicMs();
      const untold = list.all().length === 0 ? [] : this.#untold();
      const due = untold.filter((id) => (this.#againMs.get(id) ?? 0) <= nowMs).slice(0, NEWS_AT_ONCE_MAX);
      await Promise.all(due.map((id) => this.#tell(id, signal)));
      if (due.length > 0) continue;
      const nextMs = Math.min(Number.POSITIVE_INFINITY, ...untold.map((id) => this.#againMs.get(id) ?? nowMs));
      if (!signal.aborted) await this.#sleeper.sleepUntil(nextMs);
    }
  }

  #untold(): readonly HostId[] {
    const { list, listeners } = this.#options;
    return listeners().filter((id) => this.#agreed.get(id) !== list.digest);
  }

  /** One exchange after the other until both know the same, or the other knows more: then it will tell this host. */
  async #tell(id: HostId, signal: AbortSignal): Promise<void> {
    const { list, clock } = this.#options;
    for (let changes: readonly HostChange[] = []; ; ) {
      const said = list.digest;
      const heard = await this.#ask(id, { version: HOSTS_VERSION, digest: said, changes: [...changes] }, signal);
      if (heard === said) {
        this.#agreed.set(id, said);
        return;
      }
      if (heard !== undefined) this.#noteTold(id, changes);
      const told = this.#told.get(id) ?? new Set();
      changes =
        heard === undefined
          ? []
          : list
              .all()
              .filter(({ mac }) => !told.has(mac))
              .slice(0, CHANGES_OF_MESSAGE_MAX);
      if (changes.length > 0) continue;
      this.#againMs.set(id, clock.monotonicMs() + NEWS_RETRY_MS);
      return;
    }
  }

  /** The digest of the other host; `undefined` when that host could not be asked. */
  async #ask(to: HostId, body: HostsMessage, signal: AbortSignal): Promise<string | undefined> {
    const question = {
      to,
      lane: 'greetings',
      method: 'POST',
      path: HOSTS_PATH,
      body,
      answerSignature: 'required',
      answerMsMax: NEWS_ANSWER_MS_MAX,
      answerBytesMax: NEWS_ANSWER_BYTES_MAX,
    } as const;
    const answer = await this.#options.transport.ask(question, signal).catch((error: unknown) => {
      // The host is told when it is heard again.
      refusalOf(error);
      return undefined;
    });
    const parsed = answer?.status === 200 ? hostsAnswer.safeParse(answer.body) : undefined;
    return parsed?.data?.digest;
  }

  #noteTold(id: HostId, changes: readonly HostChange[]): void {
    const told = this.#told.get(id) ?? new Set();
    for (const { mac } of changes) told.add(mac);
    // A change that another one took the place of is never told again.
    const known = new Set(this.#options.list.all().map(({ mac }) => mac));
    for (const mac of told) if (!known.has(mac)) told.delete(mac);
    this.#told.set(id, told);
  }

  /** Whoever is told nothing any more is met as a new one, should that change. */
  #forgetOthers(): void {
    const listeners = new Set(this.#options.listeners());
    for (const known of [this.#agreed, this.#told])
      for (const id of known.keys()) if (!listeners.has(id)) known.delete(id);
  }
}
