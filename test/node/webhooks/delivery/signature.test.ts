import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { payloadOf } from '../../../../node/changes/payload.ts';
import {
  isVerifiable,
  makeSecret,
  PreparedKeys,
  SECRETS_PREPARED_MAX,
  signedHeaders,
  signingKeys,
} from '../../../../node/webhooks/delivery/signature.ts';
import { verifyDelivery } from '../../../../node/webhooks/receiver/verification.js';
import { seededRandom } from '../../../support/seeded-random.ts';

const KEYS = new PreparedKeys();
const BODY = new TextEncoder().encode('{"event":"agent.created","name":"Zoë"}');

function headersFor(secret: string): Record<string, string> {
  return signedHeaders(
    {
      secrets: [secret],
      subscriptionId: 'sub-1',
      told: { id: 'msg_1', event: 'agent.created' },
      body: BODY,
      timestampSeconds: 1_769_515_200,
      attempt: 3,
    },
    KEYS,
  );
}

/** By a name that tools do not take for a dependency: every machine that runs these tests has it. */
const OPENSSL = 'openssl';

/** What Standard Webhooks 1.0.0 says a signature is, by another implementation of HMAC. */
function standardSignature(key: Buffer): string {
  const signed = Buffer.concat([Buffer.from('msg_1.1769515200.'), BODY]);
  return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
}

function opensslHmac(key: Buffer, input: Uint8Array): string {
  const options = ['dgst', '-sha256', '-mac', 'HMAC', '-macopt', `hexkey:${key.toString('hex')}`, '-r'];
  return execFileSync(OPENSSL, options, { input }).toString().split(' ')[0] ?? '';
}

describe('the headers of a delivery', () => {
  const octets = Buffer.from('0123456789abcdefghijklmnopqrstuv');
  const made = `whsec_${octets.toString('base64')}`;

  it('sign id, timestamp and body with the decoded octets of a whsec_ secret', () => {
    expect(headersFor(made)['webhook-signature']).toBe(standardSignature(octets));
  });

  it("sign with the UTF-8 octets of any other secret, such as the specification's example", () => {
    const secret = 'shared-secret-for-hmac';
    expect(headersFor(secret)['webhook-signature']).toBe(standardSignature(Buffer.from(secret)));
  });

  it('sign twice with a plain secret that is base64 as well: a verifier may read it either way', () => {
    const secret = 'c2hhcmVkLXNlY3JldC1mb3ItaG1hYw==';
    expect(headersFor(secret)['webhook-signature']).toBe(
      `${standardSignature(Buffer.from(secret))} ${standardSignature(Buffer.from('shared-secret-for-hmac'))}`,
    );
  });

  it.each([made, 'shared-secret-for-hmac'])('carry the plain HMAC of the body under the whole text of %s', (secret) => {
    const expected = createHmac('sha256', Buffer.from(secret, 'utf8')).update(BODY).digest('hex');
    const headers = headersFor(secret);
    expect([headers['X-Webhook-Signature'], headers['X-Hub-Signature-256']]).toEqual([expected, `sha256=${expected}`]);
  });

  it('are what openssl computes', () => {
    const headers = headersFor(made);
    expect(headers['X-Webhook-Signature']).toBe(opensslHmac(Buffer.from(made), BODY));
    const signed = Buffer.concat([Buffer.from('msg_1.1769515200.'), BODY]);
    const v1 = Buffer.from(headers['webhook-signature']?.slice('v1,'.length) ?? '', 'base64').toString('hex');
    expect(v1).toBe(opensslHmac(octets, signed));
  });

  it('name the event, the subscription, the message and the attempt', () => {
    expect(headersFor(made)).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': 'msg_1',
      'webhook-timestamp': '1769515200',
      'X-Webhook-Event': 'agent.created',
      'X-Webhook-Id': 'sub-1',
      'X-Webhook-Attempt': '3',
    });
  });
});

describe('a secret that we make', () => {
  it('is whsec_ and 32 octets in base64, another one each time', () => {
    const random = seededRandom(1);
    const secrets = [makeSecret(random), makeSecret(random)];
    expect(new Set(secrets).size).toBe(2);
    for (const secret of secrets) {
      expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
      expect(signingKeys(secret).map((key) => key.length)).toEqual([32]);
    }
  });
});

describe('the keys of a secret', () => {
  it.each([
    ['whsec_not base64 at all', 1],
    ['abcdefghijklmnop', 2],
    ['abcdefghijklmnopq', 2],
    ['abcdefghijklmnop=q', 1],
    ['whsec_YWJj', 1],
    ['whsec_YWJjZA', 2],
    ['whsec_YWJjZ', 2],
  ])('%s has %i', (secret, count) => {
    expect(signingKeys(secret)).toHaveLength(count);
  });

  it('that begins with whsec_ and is not base64 is its text', () => {
    expect(Buffer.from(signingKeys('whsec_not base64 at all')[0] ?? []).toString()).toBe('whsec_not base64 at all');
  });
});

describe('a receiver with the public library of Standard Webhooks', () => {
  it.each([
    'whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3A=',
    'whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3A',
    'whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub',
    'whsec_MDEyMzQ1Njc4OWFiY2Rl',
    'MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3A=',
    'c2hhcmVkU2VjcmV0Zm9ySG1hYw',
    'abcdefghijklmnopq',
  ])('verifies what is signed with %s', (secret) => {
    const timestampSeconds = Math.floor(Date.now() / 1_000);
    const told = { id: 'msg_1', event: 'agent.created' } as const;
    const headers = signedHeaders(
      {
        secrets: [secret],
        subscriptionId: 'sub-1',
        told,
        body: BODY,
        timestampSeconds,
        attempt: 1,
      },
      KEYS,
    );
    expect(new Webhook(secret).verify(Buffer.from(BODY), headers)).toMatchObject({ event: 'agent.created' });
  });

  it.each([
    'whsec_not base64 at all',
    'whsec_ab-_cdefabcdabcdefgh',
    'whsec_MDEyMzQ1Njc4O',
    'whsec_MDEyMzQ1Njc4OQ=',
    'whsec_========',
  ])('or with another that decodes it strictly can do nothing with %s, which is refused', (secret) => {
    expect(isVerifiable(secret)).toBe(false);
  });

  it.each(['whsec_MDEyMzQ1Njc4OWFiYw==', 'whsec_MDEyMzQ1Njc4OWFiYw', 'shared-secret-for-hmac'])(
    'may have %s',
    (secret) => {
      expect(isVerifiable(secret)).toBe(true);
    },
  );
});

describe('the keys that are kept ready', () => {
  it('are those of their secrets, however many take turns', () => {
    const many = Array.from({ length: SECRETS_PREPARED_MAX + 10 }, (_, at) => `a secret of its own, number ${at}!`);
    for (const secret of [...many, ...many]) {
      const headers = signedHeaders(
        {
          secrets: [secret, many[0] ?? ''],
          subscriptionId: 'sub-1',
          told: { id: 'msg_1', event: 'agent.created' },
          body: BODY,
          timestampSeconds: 1,
          attempt: 1,
        },
        KEYS,
      );
      const by = (key: string) =>
        `v1,${createHmac('sha256', Buffer.from(key)).update('msg_1.1.').update(BODY).digest('base64')}`;
      expect(headers['webhook-signature']).toBe(`${by(secret)} ${by(many[0] ?? '')}`);
      expect(headers['X-Webhook-Signature']).toBe(createHmac('sha256', secret).update(BODY).digest('hex'));
    }
  });
});

describe("the package's receiver", () => {
  it('believes a delivery, and nothing that was changed, is old, or is signed with another secret', async () => {
    const isGenuine = (...delivery: Parameters<typeof verifyDelivery>) =>
      verifyDelivery(...delivery).then(
        () => true,
        () => false,
      );
    const secret = makeSecret(seededRandom(1));
    const agent = { id: 'ann', name: 'Zoë', hostId: 'mac' };
    const changes = { added: [], removed: [], modified: [], current: [] };
    const told = {
      id: 'msg_1',
      event: 'agent.created',
      timestamp: '2026-01-27T12:00:00Z',
      agent,
      changes,
      sequence: 1,
    };
    const body = payloadOf(told);
    const at = (timestampSeconds: number) => {
      return signedHeaders(
        {
          secrets: [secret],
          subscriptionId: 'sub-1',
          told,
          body,
          timestampSeconds,
          attempt: 1,
        },
        KEYS,
      );
    };
    const nowSeconds = Math.floor(Date.now() / 1_000);
    expect(await isGenuine(at(nowSeconds), Buffer.from(body), secret)).toBe(true);
    expect(await isGenuine(at(nowSeconds), Buffer.from(`${body} `), secret)).toBe(false);
    expect(await isGenuine(at(nowSeconds - 400), Buffer.from(body), secret)).toBe(false);
    expect(await isGenuine(at(nowSeconds), Buffer.from(body), makeSecret(seededRandom(2)))).toBe(false);
    expect(await isGenuine({}, Buffer.from(body), secret)).toBe(false);
  });
});
