import { createHmac } from 'node:crypto';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { AgentEvent, ChangeEvent, EmailEvent } from '../../../../node/changes/change-log.ts';
import { payloadOf, type Told } from '../../../../node/changes/payload.ts';
import { makeSecret, PreparedKeys, signedHeaders } from '../../../../node/webhooks/delivery/signature.ts';
import {
  DeliveryRefused,
  type MeshEvent,
  type VerifyOptions,
  verifyDelivery,
} from '../../../../node/webhooks/receiver/verification.js';
import { seededRandom } from '../../../support/seeded-random.ts';

const SIGNED_SECONDS = 1_769_515_200;
const NOW = { nowMs: SIGNED_SECONDS * 1_000 };
const TOLD: Told = {
  id: 'msg_1',
  event: 'agent.created',
  timestamp: '2026-01-27T12:00:00.000Z',
  agent: { id: 'a-1', name: 'iac', hostId: 'mac' },
  changes: { added: [], removed: [], modified: [], current: [], fields: ['label: Zoë 妖精'] },
  sequence: 1,
};
const BODY = payloadOf(TOLD);
const MADE = makeSecret(seededRandom(1));
const OTHER = makeSecret(seededRandom(2));

/** What a node sends, in lower case as Node's server shows it. */
function headersFor(...secrets: readonly [string, ...string[]]): Record<string, string> {
  const signed = { told: TOLD, body: BODY, timestampSeconds: SIGNED_SECONDS };
  const attempt = { secrets, subscriptionId: 'sub-1', ...signed, attempt: 1 };
  return Object.fromEntries(
    Object.entries(signedHeaders(attempt, new PreparedKeys())).map(([name, value]) => [name.toLowerCase(), value]),
  );
}

const verify = (headers = headersFor(MADE), options: VerifyOptions = NOW) =>
  verifyDelivery(headers, BODY, MADE, options);

/** A signature that any Standard Webhooks library would make, over whatever body. */
function signedBy(secret: string, body: string): Record<string, string> {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const signature = createHmac('sha256', key).update(`m.${SIGNED_SECONDS}.${body}`).digest('base64');
  return {
    'webhook-id': 'm',
    'webhook-timestamp': String(SIGNED_SECONDS),
    'webhook-signature': `v1,${signature}`,
  };
}

describe('a genuine delivery', () => {
  it.each([
    ['made by the node', MADE],
    ['of whsec_ without padding', MADE.replace(/=+$/, '')],
    ["the specification's example", 'shared-secret-for-hmac'],
    ['plain, and base64 as well', 'c2hhcmVkLXNlY3JldC1mb3ItaG1hYw=='],
    ['plain, of 256 characters', '~'.repeat(256)],
  ])('is told as its event, with a secret %s', async (_, secret) => {
    expect(await verifyDelivery(headersFor(secret), BODY, secret, NOW)).toEqual({ ...TOLD, type: TOLD.event });
  });

  it.each([
    ['Headers', (headers: Record<string, string>) => new Headers(headers)],
    ['a Map', (headers: Record<string, string>) => new Map(Object.entries(headers))],
    [
      'an object with names as they were sent',
      (headers: Record<string, string>) =>
        Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value])),
    ],
    [
      'an object with lists',
      (headers: Record<string, string>) =>
        Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    ],
  ])('may come with its headers as %s', async (_, as) => {
    expect(await verifyDelivery(as(headersFor(MADE)), BODY, MADE, NOW)).toMatchObject({ id: 'msg_1' });
  });

  it.each([
    ['text', new TextDecoder().decode(BODY)],
    ['a Buffer', Buffer.from(BODY)],
    ['a part of a larger Buffer', Buffer.concat([Buffer.from('..'), BODY, Buffer.from('..')]).subarray(2, -2)],
    ['an ArrayBuffer', Uint8Array.from(BODY).buffer],
  ])('may come with its body as %s', async (_, body) => {
    expect(await verifyDelivery(headersFor(MADE), body, MADE, NOW)).toMatchObject({ id: 'msg_1' });
  });

  it('is believed with any of several secrets, while one takes the place of another', async () => {
    for (const secrets of [
      [MADE, OTHER],
      [OTHER, MADE],
    ])
      expect(await verifyDelivery(headersFor(MADE), BODY, secrets, NOW)).toMatchObject({ id: 'msg_1' });
    const both = headersFor(OTHER, MADE);
    const andMore = { ...both, 'webhook-signature': `v1a,ed25519 ${both['webhook-signature']}` };
    for (const secret of [MADE, OTHER])
      expect(await verifyDelivery(andMore, BODY, secret, NOW)).toMatchObject({ id: 'msg_1' });
  });

  it.each([-300, 0, 300])('is believed %i seconds after it was signed', async (seconds) => {
    await expect(verify(undefined, { nowMs: (SIGNED_SECONDS + seconds) * 1_000 })).resolves.toBeDefined();
  });

  it('is held against the real time when no other is given', async () => {
    await expect(verifyDelivery(headersFor(MADE), BODY, MADE)).rejects.toMatchObject({ code: 'timestamp_too_old' });
  });

  it('may be given more time', async () => {
    const options = { nowMs: (SIGNED_SECONDS + 3_600) * 1_000, toleranceSeconds: 3_600 };
    await expect(verify(undefined, options)).resolves.toBeDefined();
  });
});

describe('a delivery that is not to be believed', () => {
  const without = (name: string) =>
    Object.fromEntries(Object.entries(headersFor(MADE)).filter(([key]) => key !== name));
  const withHeader = (name: string, value: string) => ({ ...headersFor(MADE), [name]: value });

  it.each([
    ['header_missing', without('webhook-id'), "no header 'webhook-id'"],
    ['header_missing', without('webhook-timestamp'), "no header 'webhook-timestamp'"],
    ['header_missing', without('webhook-signature'), "no header 'webhook-signature'"],
    ['header_missing', withHeader('webhook-id', ''), "no header 'webhook-id'"],
    ['timestamp_malformed', withHeader('webhook-timestamp', '2026-01-27'), 'Unix time'],
    ['timestamp_malformed', withHeader('webhook-timestamp', `${SIGNED_SECONDS}.5`), 'Unix time'],
    ['timestamp_malformed', withHeader('webhook-timestamp', `-${SIGNED_SECONDS}`), 'Unix time'],
    ['timestamp_malformed', withHeader('webhook-timestamp', '1'.repeat(400)), 'Unix time'],
    ['signature_malformed', withHeader('webhook-signature', 'v1a,AAAA v2,AAAA'), 'v1,<base64>'],
    ['signature_malformed', withHeader('webhook-signature', 'v1,*'), 'v1,<base64>'],
    ['signature_wrong', withHeader('webhook-signature', 'v1,AAAA v1,'), 'No signature'],
    ['signature_wrong', withHeader('webhook-id', 'msg_2'), 'No signature'],
    ['signature_wrong', withHeader('webhook-timestamp', String(SIGNED_SECONDS + 1)), 'No signature'],
    ['signature_wrong', headersFor(OTHER), 'No signature'],
  ])('is refused as %s', async (code, headers, sentence) => {
    const refusal = await verify(headers).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(DeliveryRefused);
    expect(refusal).toMatchObject({ code, name: 'DeliveryRefused', message: expect.stringContaining(sentence) });
    expect(String((refusal as Error).message)).toMatch(/^[A-Z].*\.$/);
  });

  it.each([
    [301, 'timestamp_too_old', 'signed 301 s ago'],
    [-301, 'timestamp_too_new', 'signed 301 s ahead'],
  ])('is refused when its time is %i seconds away', async (seconds, code, sentence) => {
    const refused = verify(undefined, { nowMs: (SIGNED_SECONDS + seconds) * 1_000 });
    await expect(refused).rejects.toMatchObject({ code, message: expect.stringContaining(sentence) });
  });

  it('is refused when its body differs in one octet', async () => {
    for (const at of [0, 10, BODY.length - 1]) {
      const body = Uint8Array.from(BODY);
      body[at] = (body[at] ?? 0) ^ 1;
      const refused = verifyDelivery(headersFor(MADE), body, MADE, NOW);
      await expect(refused).rejects.toMatchObject({ code: 'signature_wrong' });
    }
    const longer = verifyDelivery(headersFor(MADE), Buffer.concat([BODY, Buffer.from(' ')]), MADE, NOW);
    await expect(longer).rejects.toMatchObject({ code: 'signature_wrong' });
  });

  it('is refused when the one right signature comes after sixteen others', async () => {
    const [right] = (headersFor(MADE)['webhook-signature'] ?? '').split(' ');
    const following = (count: number) => withHeader('webhook-signature', `${'v1,AAAA '.repeat(count)}${right}`);
    await expect(verify(following(15))).resolves.toBeDefined();
    await expect(verify(following(16))).rejects.toMatchObject({ code: 'signature_wrong' });
  });

  it.each(['', 'not JSON', 'null', '[]', '{"type":1}', '"text"'])('is refused when its body is %j', async (body) => {
    const refused = verifyDelivery(signedBy(MADE, body), body, MADE, NOW);
    await expect(refused).rejects.toMatchObject({ code: 'body_malformed' });
  });

  it('is refused when its body is not UTF-8', async () => {
    const key = Buffer.from(MADE.replace('whsec_', ''), 'base64');
    const body = Buffer.concat([Buffer.from('{"type":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    const signed = Buffer.concat([Buffer.from(`m.${SIGNED_SECONDS}.`), body]);
    const headers = {
      ...signedBy(MADE, ''),
      'webhook-signature': `v1,${createHmac('sha256', key).update(signed).digest('base64')}`,
    };
    await expect(verifyDelivery(headers, body, MADE, NOW)).rejects.toMatchObject({ code: 'body_malformed' });
  });
});

describe("a receiver's own mistake", () => {
  it.each([
    ['no secret', []],
    ['an empty secret', ''],
    ['an empty secret among others', [MADE, '']],
    ['a secret that is none', [undefined]],
    ['a whsec_ secret that is not base64', 'whsec_****************'],
    ['a whsec_ secret of nothing', 'whsec_'],
  ])('is told as such, and is no refusal: %s', async (_, secrets) => {
    await expect(verifyDelivery(headersFor(MADE), BODY, secrets as string[], NOW)).rejects.toThrow(TypeError);
  });

  it.each([[{ type: 'agent.created' }], [undefined], [null]])('is a body that was parsed already: %j', async (body) => {
    const verified = verifyDelivery(headersFor(MADE), body as unknown as string, MADE, NOW);
    await expect(verified).rejects.toThrow(/before|as it came/);
  });
});

describe('the type of an event', () => {
  it('tells what is in it', () => {
    expectTypeOf<MeshEvent['type']>().toEqualTypeOf<ChangeEvent | 'webhook.test'>();
    expectTypeOf<Extract<MeshEvent, { type: AgentEvent }>>().toHaveProperty('changes');
    expectTypeOf<Extract<MeshEvent, { type: EmailEvent }>>().toHaveProperty('email');
    expectTypeOf<Extract<MeshEvent, { type: 'message.received' }>>().toHaveProperty('message');
    const told = (event: MeshEvent) => (event.type === 'email.sent' ? event.email.subject : event.id);
    expectTypeOf(told).returns.toBeString();
  });
});
