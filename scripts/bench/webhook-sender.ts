// The node's deliveries as a benchmark drives them: the real store, log and sender, without a registry in front.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EMPTY_DIGEST } from '../../mesh/feed/digest.ts';
import type { AgentId, EmailAddress, HostId } from '../../mesh/names.ts';
import { newUuid } from '../../mesh/uuid.ts';
import { type NewOwnEntry, StoredChangeLog } from '../../node/changes/stored-change-log.ts';
import { openStore } from '../../node/store/disk-store.ts';
import { systemClock } from '../../node/system/clock.ts';
import { systemRandom } from '../../node/system/random.ts';
import type { Webhooks } from '../../node/webhooks/webhooks.ts';
import { openWebhooks } from '../../node/webhooks/webhooks-module.ts';
import { preciseMs, SECRET } from './webhook-receivers.ts';

const AGENTS = 100;
const ENTRIES_PER_COMMIT = 500;
const silent = { info: () => {}, warn: () => {}, error: () => {} };

export class WebhookSender implements AsyncDisposable {
  readonly webhooks: Webhooks;
  readonly #log: StoredChangeLog;
  readonly #stack: AsyncDisposableStack;
  readonly #sequences = new Map<string, number>();

  private constructor(webhooks: Webhooks, log: StoredChangeLog, stack: AsyncDisposableStack) {
    this.webhooks = webhooks;
    this.#log = log;
    this.#stack = stack;
  }

  /** Absent `directory`: one of its own, which is removed with it. */
  static async open(directory?: string): Promise<WebhookSender> {
    await using stack = new AsyncDisposableStack();
    const place = directory ?? (await mkdtemp(join(tmpdir(), 'agent-email-mesh-webhooks-')));
    if (directory === undefined) stack.defer(() => rm(place, { recursive: true }));
    const store = await openStore({ directory: place, log: silent });
    stack.defer(() => store.close());
    const ports = { store, clock: systemClock, random: systemRandom, log: silent };
    const changes = await StoredChangeLog.open({ ...ports, digest: () => EMPTY_DIGEST });
    const webhooks = stack.use(
      await openWebhooks({
        ...ports,
        changes,
        hostId: 'mac' as HostId,
        resolve: async () => [],
        allow: [],
        listening: () => ({ ip: '127.0.0.1', port: 9 }),
      }),
    );
    return new WebhookSender(webhooks, changes, stack.move());
  }

  async subscribe(url: string): Promise<void> {
    await this.webhooks.subscribe({ url, events: ['agent.email.changed'], secret: SECRET });
  }

  /** Delivers until it is disposed of. */
  start(): void {
    const stopping = new AbortController();
    const running = this.webhooks.start(stopping.signal);
    this.#stack.defer(async () => {
      stopping.abort();
      await running;
    });
  }

  /** So many changes, in large commits. */
  async appendMany(count: number): Promise<void> {
    for (let at = 0; at < count; at += ENTRIES_PER_COMMIT) {
      const entries = Array.from({ length: Math.min(ENTRIES_PER_COMMIT, count - at) }, (_, n) => this.#entry(at + n));
      await this.#log.append(entries, [], () => {});
    }
  }

  /** One change; resolves with its id and the moment at which it was asked for. */
  async append(number: number): Promise<readonly [id: string, atMs: number]> {
    const entry = this.#entry(number);
    const atMs = preciseMs();
    await this.#log.append([entry], [], () => {});
    return [entry.id, atMs];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }

  #entry(number: number): NewOwnEntry {
    const id = `agent-${number % AGENTS}` as AgentId;
    const sequence = (this.#sequences.get(id) ?? 0) + 1;
    this.#sequences.set(id, sequence);
    const address = `${id}.${sequence}@bench.example.com` as EmailAddress;
    return {
      id: newUuid(systemRandom),
      event: 'agent.email.changed',
      timestamp: new Date(systemClock.wallMs()).toISOString(),
      agent: { id, name: id, hostId: 'mac' as HostId },
      changes: { added: [address], removed: [], modified: [], current: [address] },
      sequence,
    };
  }
}
