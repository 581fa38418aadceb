// Who may ask what, as the table in node/http/README.md says.
import { expect, it } from 'vitest';
import { parseRoster } from '../../../../mesh/hosts-json.ts';
import { createTokens, type Tokens } from '../../../../node/http/gate/tokens.ts';
import { keyDigest } from '../../../../node/keys/key-text.ts';
import type { Scope } from '../../../../node/keys/scopes.ts';
import { Secret } from '../../../../node/secret.ts';
import { hostsText } from '../../../support/test-node.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const roster = parseRoster(hostsText('mac'), { id: 'mac', hostName: 'mac' });
const NOBODYS_KEYS = { keys: { actorOf: () => undefined }, clock: new VirtualClock() };
const TOKENS = { write: 'write-token-0123', read: 'read-token-01234' };

/** Whether somebody may: from this machine, showing nothing; the same through a proxy; showing the one token, or the other. */
type Verdicts = readonly [here: boolean, outside: boolean, write: boolean, read: boolean];

const ANYBODY: Verdicts = [true, true, true, true];
const HERE: Verdicts = [true, false, true, true];
const WRITE: Verdicts = [false, false, true, false];
const EITHER: Verdicts = [false, false, true, true];
const READ: Verdicts = [false, false, false, true];

/** Without tokens, with MESH_TOKEN, with MESH_READ_TOKEN alone, with both. */
const TABLE: readonly (readonly [method: string, path: string, ...settings: Verdicts[]])[] = [
  ['GET', '/health', ANYBODY, ANYBODY, ANYBODY, ANYBODY],
  ['GET', '/ready', ANYBODY, ANYBODY, ANYBODY, ANYBODY],
  ['GET', '/api/agents', ANYBODY, ANYBODY, READ, EITHER],
  ['HEAD', '/api/agents', ANYBODY, ANYBODY, READ, EITHER],
  ['GET', '/api/agents/email-index', ANYBODY, ANYBODY, READ, EITHER],
  ['GET', '/api/email/tools', ANYBODY, ANYBODY, READ, EITHER],
  ['GET', '/api/webhooks', HERE, WRITE, READ, WRITE],
  ['GET', '/api/webhooks/w1', HERE, WRITE, READ, WRITE],
  ['GET', '/api/email/log', HERE, WRITE, READ, WRITE],
  ['GET', '/api/conflicts', HERE, WRITE, READ, WRITE],
  ['GET', '/api/changes', HERE, WRITE, READ, WRITE],
  ['GET', '/api/keys', HERE, WRITE, READ, WRITE],
  ['POST', '/api/agents', HERE, WRITE, READ, WRITE],
  ['POST', '/api/email/tools', HERE, WRITE, READ, WRITE],
  ['DELETE', '/api/agents/a1', HERE, WRITE, READ, WRITE],
  ['POST', '/api/mesh/v1/claims/messages', ANYBODY, ANYBODY, ANYBODY, ANYBODY],
];

const SETTINGS = [
  ['no tokens', undefined, undefined],
  ['MESH_TOKEN', TOKENS.write, undefined],
  ['MESH_READ_TOKEN alone', undefined, TOKENS.read],
  ['both tokens', TOKENS.write, TOKENS.read],
] as const;

const cases = TABLE.flatMap(([method, path, ...verdicts]) =>
  SETTINGS.map(([setting, token, readToken], at) => ({
    ...{ method, path, setting, token, readToken },
    expected: verdicts[at],
  })),
);

it.each(cases)('$method $path with $setting', ({ method, path, token, readToken, expected }) => {
  const secrets = {
    token: token === undefined ? undefined : new Secret(token),
    readToken: readToken === undefined ? undefined : new Secret(readToken),
  };
  const tokens = createTokens({ roster: () => roster, secrets, ...NOBODYS_KEYS });
  const may = (headers: Readonly<Record<string, string>>) => {
    const sent: Readonly<Record<string, string>> = { host: 'localhost:23000', ...headers };
    const refusal = tokens.refuses({
      ...{ method, path },
      header: (name) => sent[name],
      headerNames: () => Object.keys(sent),
    });
    return refusal === undefined;
  };
  const shown = (text: string) => ({ authorization: `Bearer ${text}` });
  expect([may({}), may({ via: '1.1 proxy' }), may(shown(TOKENS.write)), may(shown(TOKENS.read))]).toEqual(expected);
});

it('a signed look-up passes where reading needs a token: its route judges the signature', () => {
  const secrets = { token: undefined, readToken: new Secret(TOKENS.read) };
  const tokens = createTokens({ roster: () => roster, secrets, ...NOBODYS_KEYS });
  const passes = (path: string) =>
    tokens.refuses({
      ...{ method: 'GET', path },
      header: (name) => (name === 'signature-input' ? 'mesh=()' : 'localhost'),
      headerNames: () => ['host', 'signature-input'],
    }) === undefined;
  expect([tokens.guardsReads, passes('/api/agents/email-index'), passes('/api/agents')]).toEqual([true, true, false]);
});

/** With MESH_TOKEN, and where `open` without any; each row is asked of a host that others reach. */
const KEYS_TABLE: readonly (readonly [scope: Scope, method: string, path: string, withToken: string, open: string])[] =
  [
    ['read', 'GET', '/api/agents', 'may', 'may'],
    ['send', 'GET', '/api/agents', 'may', 'may'],
    ['read', 'POST', '/api/agents', 'forbidden', 'forbidden'],
    ['agents:write', 'POST', '/api/agents', 'may', 'may'],
    ['webhooks', 'GET', '/api/webhooks', 'may', 'may'],
    ['read', 'GET', '/api/webhooks', 'forbidden', 'forbidden'],
    ['admin', 'DELETE', '/api/keys/k1', 'may', 'may'],
  ];

it.each(KEYS_TABLE)('a key of scope %s: %s %s', (scope, method, path, withToken, open) => {
  const verdict = (token: string | undefined) => {
    const tokens = keyed({ token, scopes: [scope] });
    const sent: Readonly<Record<string, string>> = { host: 'mac', via: '1.1 proxy', authorization: `Bearer ${KEY}` };
    const header = (name: string) => sent[name];
    return tokens.refuses({ method, path, header, headerNames: () => Object.keys(sent) })?.code ?? 'may';
  };
  expect([verdict(TOKENS.write), verdict(undefined)]).toEqual([withToken, open]);
});

it.each([
  ['read', 'may'],
  ['webhooks', 'forbidden'],
] as const)('a key of scope %s, where reading needs a token, to GET /api/agents', (scope, verdict) => {
  const tokens = keyed({ readToken: TOKENS.read, scopes: [scope] });
  expect(askedWith(tokens, KEY)).toBe(verdict);
  expect(tokens.showsToken(`Bearer ${KEY}`)).toBe(verdict === 'may');
  expect(tokens.actorOf(`Bearer ${KEY}`)?.name).toBe('gateway');
});

it('a key that is none opens nothing, not even what is open', () => {
  const tokens = keyed({ scopes: ['read'] });
  expect([askedWith(tokens, `${KEY}x`), askedWith(tokens, 'some-token')]).toEqual(['unauthorized', 'may']);
});

it('after ten credentials that open nothing, no other one of that client is looked at', () => {
  const tokens = keyed({ readToken: TOKENS.read, scopes: ['read'] });
  expect(askedWith(tokens, TOKENS.read, 'known')).toBe('may');
  for (let one = 0; one < 10; one += 1) expect(askedWith(tokens, `guess-${one}`, 'known')).toBe('unauthorized');
  expect(['known', 'other'].map((client) => askedWith(tokens, KEY, client))).toEqual(['rate_limited', 'may']);
  expect(askedWith(tokens, TOKENS.read, 'known')).toBe('may');
});

it('a guess that was shown where nothing is needed first is one more guess', () => {
  const tokens = keyed({ token: TOKENS.write, scopes: ['read'] });
  const changing = (shown: string) => tokens.refuses({ ...visitorWith(shown), method: 'POST' })?.code;
  for (let one = 0; one < 10; one += 1) {
    expect(askedWith(tokens, `guess-${one}`)).toBe('may');
    expect(changing(`guess-${one}`)).toBe('unauthorized');
  }
  expect([changing('guess-0'), changing('guess-10'), changing(KEY)]).toEqual(Array(3).fill('rate_limited'));
});

it('a key that is revoked opens nothing from then on, on the connection that has just shown it too', () => {
  const known = new Set([KEY]);
  const tokens = keyed({ readToken: TOKENS.read, scopes: ['read'], known });
  const visitor = { ...visitorWith(KEY), connection: {} };
  expect([tokens.admits(visitor), tokens.refuses(visitor)]).toEqual([true, undefined]);
  known.clear();
  expect([tokens.admits(visitor), tokens.refuses(visitor)?.code]).toEqual([false, 'unauthorized']);
});

it('admits whom it would let in, and counts no failure', () => {
  const tokens = keyed({ readToken: TOKENS.read, scopes: ['read'] });
  const admitted = (shown: string) => tokens.admits(visitorWith(shown));
  for (let one = 0; one < 10; one += 1) expect(admitted(`guess-${one}`)).toBe(false);
  expect([admitted(KEY), admitted(TOKENS.read), admitted(`${KEY}x`)]).toEqual([true, true, false]);
  for (let one = 0; one < 10; one += 1) askedWith(tokens, `guess-${one}`);
  expect([admitted(KEY), admitted(TOKENS.write)]).toEqual([true, false]);
});

const KEY = `amk_${'k'.repeat(43)}`;

interface Keyed {
  readonly token?: string | undefined;
  readonly readToken?: string;
  readonly scopes: Scope[];
  /** The keys that there are. */
  readonly known?: ReadonlySet<string>;
}

function keyed({ token, readToken, scopes, known = new Set([KEY]) }: Keyed) {
  const secrets = {
    token: token ? new Secret(token) : undefined,
    readToken: readToken ? new Secret(readToken) : undefined,
  };
  const actor = { id: 'k1', name: 'gateway', scopes: new Set(scopes), agentId: undefined };
  const keys = {
    actorOf: (digest: string) => ([...known].some((one) => keyDigest(one) === digest) ? actor : undefined),
  };
  return createTokens({ roster: () => roster, secrets, keys, clock: new VirtualClock() });
}

function visitorWith(shown: string, client = '') {
  const sent: Readonly<Record<string, string>> = { host: 'localhost', authorization: `Bearer ${shown}` };
  const header = (name: string) => sent[name];
  return { method: 'GET', path: '/api/agents', client, header, headerNames: () => Object.keys(sent) };
}

function askedWith(tokens: Tokens, shown: string, client = '') {
  return tokens.refuses(visitorWith(shown, client))?.code ?? 'may';
}
