// The claims in etcd, over its JSON gateway: one transaction puts what is free, another removes what is still the same. No leases: a
// paused process would outlive its own. Formats: etcd's `rpc.proto`, keys and values in base64.
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'undici';
import { z } from 'zod';
import type { ClaimEngine } from '../../mesh/claims/claim-engine.ts';
import type { Claim, Owner, ReleasedClaim } from '../../mesh/claims/claim-store.ts';
import { ownerSchema } from '../../mesh/claims/schemas.ts';
import { MeshError } from '../../mesh/errors.ts';
import type { AddressKey, ClaimId } from '../../mesh/names.ts';

const PREFIX = 'agent-email-mesh/claims/';
/** Claims that were given up, whether or not they were ever put: a put of one of them is refused. */
const ABANDONED = 'agent-email-mesh/abandoned/';
/** Far longer than a request can be under way; after that etcd forgets them by itself. */
const ABANDONED_SECONDS = 24 * 60 * 60;
const ANSWER_MS_MAX = 5_000;

const pair = z.object({ key: z.string(), value: z.string(), mod_revision: z.string() });
const granted = z.object({ ID: z.string() });
const range = z.object({ kvs: z.array(pair).optional() });
const txn = z.object({
  succeeded: z.boolean().optional(),
  responses: z.array(z.object({ response_range: range.optional() })).optional(),
});

/** `etcd://[user:password@]host:port[,host:port…][?tls=true&ca=FILE]`. Throws a sentence without the password. */
export async function openEtcd(text: string): Promise<ClaimEngine> {
  const match = /^etcd:\/\/(?:([^:@/]*):([^@/]*)@)?([^/?@]+)\/?(?:\?(.*))?$/.exec(text);
  const wrong = (why: string) =>
    new MeshError(
      'invalid_request',
      `MESH_CLAIMS ${why}; it is etcd://[user:password@]host:port[,host:port…][?tls=true&ca=FILE].`,
    );
  if (match === null) throw wrong('is not a URL of etcd');
  const [, user, password, hosts = '', query = ''] = match;
  const options = new URLSearchParams(query);
  for (const name of options.keys()) if (!['tls', 'ca'].includes(name)) throw wrong(`has an unknown option '${name}'`);
  const isTls = options.get('tls') === 'true' || options.has('ca');
  if (user !== undefined && !isTls && !/^(?:127\.|localhost|\[::1\])/.test(hosts))
    throw wrong('has a password that would go out in clear text: add ?tls=true');
  const ca = options.get('ca') === null ? undefined : await readFile(options.get('ca') ?? '', 'utf8');
  const origins = hosts.split(',').map((host) => `${isTls ? 'https' : 'http'}://${host}`);
  if (!origins.every((origin) => URL.canParse(origin))) throw wrong(`has a host that is none`);
  const login =
    user === undefined ? undefined : { name: decodeURIComponent(user), password: decodeURIComponent(password ?? '') };
  return new EtcdEngine(
    origins,
    login,
    new Agent({ connections: 16, ...(ca === undefined ? {} : { connect: { ca } }) }),
  );
}

class EtcdEngine implements ClaimEngine {
  readonly kind = 'etcd';
  readonly #origins: readonly string[];
  readonly #login: { readonly name: string; readonly password: string } | undefined;
  readonly #agent: Agent;
  #token: string | undefined;
  /** The endpoint that answered last is asked first. */
  #first = 0;

  constructor(
    origins: readonly string[],
    login: { readonly name: string; readonly password: string } | undefined,
    agent: Agent,
  ) {
    this.#origins = origins;
    this.#login = login;
    this.#agent = agent;
  }

  async put(claims: readonly Claim[], signal: AbortSignal) {
    const answer = await this.#txn(
      {
        compare: claims.flatMap(({ key, owner }) => [isAbsent(keyOf(key)), isAbsent(abandonedKey(owner.claimId))]),
        success: claims.map(({ key, owner }) => ({
          request_put: { key: keyOf(key), value: base64(JSON.stringify(owner)) },
        })),
        failure: claims.map(({ key }) => ({ request_range: { key: keyOf(key) } })),
      },
      signal,
    );
    if (answer.succeeded === true) return undefined;
    for (const [at, { key, owner }] of claims.entries()) {
      const found = answer.responses?.[at]?.response_range?.kvs?.[0];
      // A put that was not heard of is ours all the same: all of them were put, or none.
      if (found !== undefined && ownerOf(found.value).claimId !== owner.claimId)
        return { key, owner: ownerOf(found.value) };
    }
    const isAll = claims.every((_, at) => answer.responses?.[at]?.response_range?.kvs?.[0] !== undefined);
    if (isAll) return undefined;
    throw new Error('etcd put none of them: they were given up before they came');
  }

  async remove(claims: readonly ReleasedClaim[], signal: AbortSignal): Promise<void> {
    for (const { key, claimId } of claims) {
      const found = (await this.#range(key, signal)).kvs?.[0];
      if (found === undefined || ownerOf(found.value).claimId !== claimId) continue;
      const name = keyOf(key);
      // Removed meanwhile, or put by somebody else since: then there is nothing of ours to remove.
      await this.#txn(
        {
          compare: [{ key: name, target: 'MOD', result: 'EQUAL', mod_revision: found.mod_revision }],
          success: [{ request_delete_range: { key: name } }],
        },
        signal,
      );
    }
  }

  async abandon(claims: readonly ReleasedClaim[], signal: AbortSignal): Promise<void> {
    const { ID: lease } = granted.parse(await this.#ask('/v3/lease/grant', { TTL: String(ABANDONED_SECONDS) }, signal));
    const puts = claims.map(({ claimId }) => ({ request_put: { key: abandonedKey(claimId), value: '', lease } }));
    await this.#txn({ success: puts }, signal);
    await this.remove(claims, signal);
  }

  async read(key: AddressKey, signal: AbortSignal): Promise<Owner | null> {
    const found = (await this.#range(key, signal)).kvs?.[0];
    return found === undefined ? null : ownerOf(found.value);
  }

  async ping(signal: AbortSignal): Promise<void> {
    // Linearizable, so it takes a majority of etcd's members.
    await this.#range('?' as AddressKey, signal);
  }

  close(): Promise<void> {
    return this.#agent.close();
  }

  async #range(key: AddressKey, signal: AbortSignal) {
    return range.parse(await this.#ask('/v3/kv/range', { key: keyOf(key) }, signal));
  }

  async #txn(body: unknown, signal: AbortSignal) {
    return txn.parse(await this.#ask('/v3/kv/txn', body, signal));
  }

  async #ask(path: string, body: unknown, signal: AbortSignal): Promise<unknown> {
    if (this.#login !== undefined) this.#token ??= await this.#authenticate(signal);
    const { status, answer } = await this.#post(path, body, signal);
    if (status === 200) return answer;
    // A token that has run out is told so; the next question brings a new one.
    if (status === 401) this.#token = undefined;
    throw new Error(`etcd answered ${status}: ${String((answer as { message?: unknown }).message).slice(0, 200)}.`);
  }

  async #authenticate(signal: AbortSignal): Promise<string> {
    const { status, answer } = await this.#post('/v3/auth/authenticate', this.#login, signal);
    const { token } = answer as { token?: unknown };
    if (status === 200 && typeof token === 'string') return token;
    throw new Error(`etcd refuses the user or the password of MESH_CLAIMS (${status}).`);
  }

  /** Asks one endpoint after the other: those that can't be connected to have not heard the question. */
  async #post(
    path: string,
    body: unknown,
    signal: AbortSignal,
  ): Promise<{ readonly status: number; readonly answer: unknown }> {
    let last: Error | undefined;
    for (let tries = 0; tries < this.#origins.length; tries += 1) {
      const at = (this.#first + tries) % this.#origins.length;
      try {
        const response = await request(`${this.#origins[at]}${path}`, {
          method: 'POST',
          dispatcher: this.#agent,
          signal,
          headersTimeout: ANSWER_MS_MAX,
          bodyTimeout: ANSWER_MS_MAX,
          headers: {
            'content-type': 'application/json',
            ...(this.#token === undefined ? {} : { authorization: this.#token }),
          },
          body: JSON.stringify(body),
        });
        this.#first = at;
        return { status: response.statusCode, answer: await response.body.json() };
      } catch (error) {
        last = error as Error;
        if (
          !['ECONNREFUSED', 'UND_ERR_CONNECT_TIMEOUT', 'ENOTFOUND'].includes(
            String((error as NodeJS.ErrnoException).code),
          )
        )
          break;
      }
    }
    const { message } = (signal.aborted ? (signal.reason as Error) : last) ?? new Error('there is no endpoint');
    throw new Error(`etcd at ${this.#origins.join(', ')} can't be asked: ${message}.`);
  }
}

function isAbsent(key: string) {
  return { key, target: 'CREATE', result: 'EQUAL', create_revision: '0' };
}

function abandonedKey(claimId: ClaimId): string {
  return base64(ABANDONED + claimId);
}

function keyOf(key: AddressKey): string {
  return base64(PREFIX + key);
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

function ownerOf(value: string): Owner {
  return ownerSchema.parse(JSON.parse(Buffer.from(value, 'base64').toString('utf8')));
}
