// Asking real nodes, as a client would.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { HostProcess } from '../../scripts/host-process.ts';

/** Members of answers that tests read by name: each is there in the answers to which it belongs. A test says itself what any other member is. */
export interface AnswerBody {
  readonly [member: string]: unknown;
  readonly agent: {
    readonly id: string;
    readonly hostId: string;
    readonly tools: { readonly email: { readonly addresses: readonly Addressed[] } };
  };
  readonly addresses: readonly Addressed[];
  readonly agents: readonly { readonly id: string; readonly name: string }[];
  readonly claimedBy: { readonly hostId: string; readonly agentName: string };
  readonly claims: { readonly ready: boolean; readonly unsettled: number };
  readonly emails: Readonly<Record<string, { readonly hostId: string; readonly agentName: string }>>;
  readonly hosts: readonly { readonly id: string; readonly status: string; readonly legacy?: boolean }[];
  readonly mesh: {
    readonly epoch: number;
    readonly voters: readonly string[];
    readonly from?: readonly string[];
    readonly state: string;
    readonly joining: boolean;
    readonly notes: readonly string[];
  };
  readonly meta: {
    readonly hostsFailed: readonly string[];
    readonly failures?: Readonly<Record<string, string>>;
    readonly source?: string;
    readonly complete?: boolean;
  };
  /** Of a new subscription. */
  readonly secret: string;
}

/** One of an agent's addresses. */
interface Addressed {
  readonly address: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: AnswerBody;
}

/** Asks again and again, until it holds; the test's own time is the end of it. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await nextTurn();
}

/** A client of its own, so that a killed host's connections are nobody else's. */
export class Client implements AsyncDisposable {
  readonly #agent = new Agent({ connections: 64 });

  /** `undefined` when the host did not answer: it was killed, or is not there. */
  async ask(
    host: Pick<HostProcess, 'url'>,
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer | undefined> {
    const json = body === undefined ? {} : { 'content-type': 'application/json' };
    try {
      const response = await request(host.url + path, {
        method: method as 'GET',
        dispatcher: this.#agent,
        headers: { ...json, ...headers },
        body: body === undefined ? null : JSON.stringify(body),
      });
      const text = await response.body.text();
      return {
        status: response.statusCode,
        headers: response.headers,
        body: text === '' ? undefined : JSON.parse(text),
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      return undefined;
    }
  }

  /** The same, of a host that is up. */
  async expect(
    host: Pick<HostProcess, 'url'>,
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const answer = await this.ask(host, method, path, body, headers);
    if (answer === undefined) throw new Error(`${method} ${host.url}${path} was not answered.`);
    return answer;
  }

  /**
   * What a host decides. Asked again while it says 503, as the README has it: a claim may take five seconds, and takes longer on a busy machine
   * now and then, or while hosts are still on their way to each other. The test's own time is the end of it.
   */
  async decide(...asked: Parameters<Client['expect']>): Promise<Answer> {
    for (;;) {
      const answer = await this.expect(...asked);
      if (answer.status !== 503) return answer;
    }
  }

  /**
   * What all hosts say together of addresses, by a look-up of `query`. Asked again while one of them was silent: one that is back, or that a busy
   * machine keeps waiting, is not waited for. The test's own time is the end of it.
   */
  async lookUp(host: Pick<HostProcess, 'url'>, query = ''): Promise<Answer> {
    for (;;) {
      const answer = await this.expect(host, 'GET', `/api/agents/email-index?federated=true${query}`);
      if (answer.body.meta.hostsFailed.length === 0) return answer;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }
}
