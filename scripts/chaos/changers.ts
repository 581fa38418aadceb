// Clients that change agents of their host, one change after the other, each asked for until it is answered. A change is one of a kind, so asking
// for it again when it was made already makes no event: how many events there must be is known without looking at any log.
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '../../test/support/live.ts';
import type { HostProcess } from '../host-process.ts';

const AGENTS_PER_HOST = 8;
const AGAIN_MS = 20;
/** Creating an agent with an address; its address changed; its label changed. */
const CREATED_EVENTS = 2;
const ADDRESS_EVENTS = 2;
const LABEL_EVENTS = 1;

/** How many changes may have been begun by now. */
export class Allowance {
  #left = 0;
  #isOver = false;
  readonly #waiting: (() => void)[] = [];

  allow(count: number): void {
    this.#left += count;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** What is allowed is taken, and nothing more is allowed. */
  end(): void {
    this.#isOver = true;
    this.allow(0);
  }

  /** Resolves with false when there is none any more. */
  async take(): Promise<boolean> {
    while (this.#left === 0) {
      if (this.#isOver) return false;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#left -= 1;
    return true;
  }
}

interface Changer {
  readonly client: Client;
  readonly allowance: Allowance;
  /** Events by agent. */
  readonly expected: Map<string, number>;
}

const addressOf = (id: string) => `${id}@x.com`;

/** In peace, for addresses are claimed. */
export async function createAgents(host: HostProcess, { client, expected }: Omit<Changer, 'allowance'>): Promise<void> {
  for (let at = 0; at < AGENTS_PER_HOST; at += 1) {
    const id = `${host.id}-${at}`;
    const agent = { id, name: id, tools: { email: { addresses: [{ address: addressOf(id) }] } } };
    await answered(client, host, ['POST', '/api/agents', agent]);
    expected.set(id, CREATED_EVENTS);
  }
}

/** Changes agents of the host until no more is allowed. */
export async function changeAgents(host: HostProcess, { client, allowance, expected }: Changer): Promise<void> {
  for (let change = 1; await allowance.take(); change += 1) {
    const id = `${host.id}-${change % AGENTS_PER_HOST}`;
    const isAddress = change % 3 === 0;
    const path = `/api/agents/${id}${isAddress ? `/email/addresses/${encodeURIComponent(addressOf(id))}` : ''}`;
    const body = isAddress ? { displayName: `Change ${change}` } : { label: `Change ${change}` };
    await answered(client, host, ['PATCH', path, body]);
    expected.set(id, (expected.get(id) ?? 0) + (isAddress ? ADDRESS_EVENTS : LABEL_EVENTS));
  }
}

/** Asks until it is answered with success. */
async function answered(
  client: Client,
  host: HostProcess,
  [method, path, body]: readonly [method: string, path: string, body: unknown],
): Promise<void> {
  for (;;) {
    const answer = await client.ask(host, method, path, body);
    if (answer !== undefined && answer.status < 300) return;
    if (answer !== undefined && answer.status < 500)
      throw new Error(`${method} ${host.url}${path} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    await pause(AGAIN_MS);
  }
}
