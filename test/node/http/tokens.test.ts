// Who may ask what, as the table in node/http/README.md says.
import { expect, it } from 'vitest';
import { parseRoster } from '../../../mesh/roster.ts';
import { createTokens } from '../../../node/http/tokens.ts';
import { Secret } from '../../../node/secret.ts';
import { hostsText } from '../../support/test-node.ts';

const roster = parseRoster(hostsText('mac'), { id: 'mac', hostName: 'mac' });
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
  const tokens = createTokens({ roster: () => roster, secrets });
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
  const tokens = createTokens({ roster: () => roster, secrets });
  const passes = (path: string) =>
    tokens.refuses({
      ...{ method: 'GET', path },
      header: (name) => (name === 'signature-input' ? 'mesh=()' : 'localhost'),
      headerNames: () => ['host', 'signature-input'],
    }) === undefined;
  expect([tokens.guardsReads, passes('/api/agents/email-index'), passes('/api/agents')]).toEqual([true, true, false]);
});
