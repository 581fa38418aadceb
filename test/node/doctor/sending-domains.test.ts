import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../mesh/errors.ts';
import { checkSendingDomains } from '../../../node/doctor/checks/sending-domains.ts';
import type { Examination } from '../../../node/doctor/examination.ts';
import { Secret } from '../../../node/secret.ts';
import { type Account, SENDING_OFF, type SendConfig } from '../../../node/send/account.ts';
import { readConfig } from '../../../node/settings.ts';
import { DnsFailure } from '../../../node/validation/deliverability.ts';

const PEM = generateKeyPairSync('rsa', {
  modulusLength: 1_024,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}).privateKey;
const PUBLIC = createPublicKey(PEM).export({ type: 'spki', format: 'der' }).toString('base64');
const DKIM = { domain: 'agents.example.com', selector: 's1', privateKey: new Secret(PEM) };
const INBOXES = { MESH_MAILBOX: 'on', MESH_MAILBOX_DOMAIN: 'agents.example.com' };
const WELL: Zone = {
  'agents.example.com': ['v=spf1 include:mx.example.net ~all', 'something else'],
  '_dmarc.agents.example.com': ['v=DMARC1; p=none'],
  's1._domainkey.agents.example.com': [`v=DKIM1; k=rsa; p=${PUBLIC.slice(0, 60)} ${PUBLIC.slice(60)}`],
};

/** Texts by their name; a name that is not there does not exist. */
type Zone = Readonly<Record<string, readonly string[] | 'unknown'>>;

const account = (parts: Partial<Account> = {}): Account => ({
  ...{
    id: 'own',
    host: 'mx.example.net',
    port: 465,
    security: 'tls',
    senders: [],
    connectionsMax: 1,
    ratePerHour: 100,
  },
  ...parts,
});

interface Told {
  readonly zone?: Zone;
  readonly accounts?: readonly Account[];
  readonly internalDomains?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly send?: () => SendConfig;
}

function found({ zone = WELL, accounts = [account({ dkim: DKIM })], environment = INBOXES, ...rest }: Told = {}) {
  const { config } = readConfig({}, environment);
  const { internalDomains = [] } = rest;
  const send = rest.send ?? (() => ({ ...SENDING_OFF, accounts, internalDomains }));
  const txt = async (name: string) => {
    const said = zone[name] ?? 'absent';
    if (typeof said === 'string') throw new DnsFailure(said === 'unknown' ? 'unknown' : 'absent');
    return said;
  };
  return checkSendingDomains({ config, send, dns: { txt } } as unknown as Examination);
}

const said = (finding: RegExp, mend: string, where: RegExp) => ({
  ...{ check: 'sending-domains', what: expect.stringMatching(finding), mend },
  where: expect.stringMatching(where),
});

describe('a domain that mail is sent as', () => {
  it('is well with one SPF record, a policy, and the key that this host signs with', async () =>
    expect(await found()).toEqual([]));

  it('goes by the policy of the domain above it', async () => {
    const { '_dmarc.agents.example.com': policy = [], ...zone } = WELL;
    expect(await found({ zone: { ...zone, '_dmarc.example.com': policy } })).toEqual([]);
    const [finding] = await found({ zone });
    expect(finding).toMatchObject(
      said(
        /only pretends to be from 'agents\.example\.com' \(DMARC\)/,
        'dig +short TXT _dmarc.agents.example.com',
        /"_dmarc\.agents\.example\.com\. TXT "v=DMARC1; p=none;/,
      ),
    );
  });

  it.each<[string, readonly string[], RegExp, RegExp]>([
    [
      'no SPF record',
      ['v=spf10 -all'],
      /does not say which servers may send/,
      /"agents\.example\.com\. TXT "v=spf1 include:NAME/,
    ],
    ['two of them', ['v=spf1 -all', 'V=SPF1 mx ~all'], /says 2 times which servers/, /made one record of all/],
  ])('is told of with %s', async (_, texts, what, where) =>
    expect(await found({ zone: { ...WELL, 'agents.example.com': texts } })).toMatchObject([
      said(what, 'dig +short TXT agents.example.com', where),
    ]),
  );

  it.each([
    ['a policy without a word that there is', 'v=DMARC1; p=maybe'],
    ['a policy that says none', 'v=DMARC1; rua=mailto:a@example.com'],
  ])('is told of with %s', async (_, text) =>
    expect(await found({ zone: { ...WELL, '_dmarc.agents.example.com': [text] } })).toMatchObject([
      said(
        /policy at _dmarc\.agents\.example\.com \(DMARC\) can't be read/,
        'dig +short TXT _dmarc.agents.example.com',
        /p=none/,
      ),
    ]),
  );

  it.each<[string, readonly string[], RegExp]>([
    ['no key', [], /has no key at s1\._domainkey\.agents\.example\.com/],
    ['another key', ['v=DKIM1; p=MIGf'], /has another key at s1\._domainkey/],
    ['a key that was withdrawn', ['v=DKIM1; p='], /has another key/],
  ])('is told of with %s', async (_, texts, what) =>
    expect(await found({ zone: { ...WELL, 's1._domainkey.agents.example.com': texts } })).toMatchObject([
      {
        ...{ check: 'sending-domains', what: expect.stringMatching(what) },
        where: expect.stringContaining(`"s1._domainkey.agents.example.com. TXT "v=DKIM1; k=rsa; p=${PUBLIC}""`),
      },
    ]),
  );

  it('is told of where the DNS does not answer', async () =>
    expect(await found({ zone: { ...WELL, '_dmarc.agents.example.com': 'unknown' } })).toMatchObject([
      said(
        /^The DNS does not answer for '_dmarc\.agents\.example\.com'/,
        'dig +short TXT _dmarc.agents.example.com',
        /time-out/,
      ),
    ]));

  it("is each of an account's senders", async () => {
    const accounts = [account({ senders: ['titania@x.example', '@y.example'] })];
    const findings = await found({ accounts, environment: {} });
    expect(findings.map(({ mend }) => mend)).toEqual([
      'dig +short TXT x.example',
      'dig +short TXT _dmarc.x.example',
      'dig +short TXT y.example',
      'dig +short TXT _dmarc.y.example',
    ]);
  });

  it.each<[string, Told]>([
    ['nothing is sent', { accounts: [], zone: {} }],
    [
      'no account sends as that of inboxes',
      { accounts: [account({ senders: ['a@corp.internal'] })], zone: {}, internalDomains: ['internal'] },
    ],
    [
      'it is one of this network alone',
      {
        environment: {},
        zone: {},
        accounts: [account({ senders: ['@mail.internal'] })],
        internalDomains: ['mail.internal'],
      },
    ],
    [
      'the accounts can not be read, which is told of elsewhere',
      {
        zone: {},
        send: () => {
          throw new MeshError('invalid_request', 'No.');
        },
      },
    ],
  ])('is not asked for where %s', async (_, told) => expect(await found(told)).toEqual([]));
});
