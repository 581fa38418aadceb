import { describe, expect, it } from 'vitest';
import { rosterOf } from '../../../../mesh/hosts.ts';
import { verifyResponse } from '../../../../mesh/signature/response.ts';
import { helloRoutes } from '../../../../node/http/routes/hello.ts';
import { createShell } from '../../../../node/http/shell.ts';
import { proofFits, proofOf } from '../../../../node/peers/hello.ts';
import { RecordingLog } from '../../../support/recording-log.ts';
import { testKeys } from '../../../support/test-keys.ts';
import { signedTestRequest, testHost } from '../../../support/trusting-hosts.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const { mac, cloud } = testKeys('mac', 'cloud');
const nonce = 'AAECAwQFBgcICQoLDA0ODw';
const clock = new VirtualClock();

function createApp(options: { lists?: readonly (typeof mac)[]; secret?: string } = {}) {
  const self = testHost(cloud.id);
  const hosts = [self, ...(options.lists ?? []).map(({ id }) => testHost(id))];
  const app = createShell(new RecordingLog());
  const { secret } = options;
  helloRoutes(app, {
    roster: () => rosterOf(hosts, self),
    signer: cloud.signer,
    clock,
    software: 'mesh/1.2.3',
    secret,
  });
  return app;
}

function hello(query: string): Request {
  return signedTestRequest(mac, cloud.id, { path: `/api/mesh/v1/hello${query}` }, clock);
}

async function verified(request: Request, response: Response): Promise<unknown> {
  const body = new Uint8Array(await response.arrayBuffer());
  verifyResponse(
    { status: response.status, body, field: (name) => response.headers.get(name) ?? undefined },
    {
      from: cloud.id,
      to: mac.id,
      key: cloud.key,
      requestSignature: String(request.headers.get('signature')).slice('mesh='.length),
      nowSeconds: Math.floor(clock.wallMs() / 1_000),
    },
  );
  return JSON.parse(Buffer.from(body).toString());
}

describe('GET /api/mesh/v1/hello', () => {
  it("tells the host, its key and its software, with the asker's nonce, signed with that key", async () => {
    const request = hello(`?from=mac&nonce=${nonce}`);
    const response = await createApp().request(request);
    expect(response.status).toBe(200);
    expect(await verified(request, response)).toEqual({
      version: 1,
      host: { id: 'cloud', name: 'The cloud' },
      publicKey: cloud.key.text,
      nonce,
      software: 'mesh/1.2.3',
    });
  });

  it('answers a host that it does not list no differently', async () => {
    const request = () => hello(`?from=mac&nonce=${nonce}`);
    const [listed, unlisted] = await Promise.all([
      createApp({ lists: [mac] }).request(request()),
      createApp().request(request()),
    ]);
    expect([unlisted.status, await unlisted.text()]).toEqual([listed.status, await listed.text()]);
  });

  it('answers a person without a signature, unsigned, and without a nonce', async () => {
    const response = await createApp().request('/api/mesh/v1/hello?from=mac');
    expect([response.status, response.headers.get('signature')]).toEqual([200, null]);
    expect(await response.json()).toEqual({
      version: 1,
      host: { id: 'cloud', name: 'The cloud' },
      publicKey: cloud.key.text,
      software: 'mesh/1.2.3',
    });
  });

  it('ignores what a later version may ask besides', async () => {
    expect((await createApp().request(`/api/mesh/v1/hello?from=mac&nonce=${nonce}&mood=good`)).status).toBe(200);
  });

  it.each([
    ['', 'from'],
    ['?from=', 'from'],
    ['?from=MAC%20', 'from'],
    ['?from=__proto__', 'from'],
    ['?from=constructor', 'from'],
    [`?from=${'m'.repeat(65)}`, 'from'],
    ['?from=mac&from=lab', 'from'],
    ['?from=mac&nonce=short', 'nonce'],
    ['?from=mac&nonce=AAECAwQFBgcICQoLDA0OD%0A', 'nonce'],
    [`?from=mac&nonce=${'n'.repeat(65)}`, 'nonce'],
    [`?from=mac&nonce=${nonce}&proof=x`, 'proof'],
  ])('refuses the query %j, naming %s, and signs the refusal', async (query, field) => {
    const request = hello(query);
    const response = await createApp().request(request);
    expect(response.status).toBe(400);
    expect(await verified(request, response)).toMatchObject({ error: 'invalid_request', field });
  });
});

describe('GET /api/mesh/v1/hello with a secret', () => {
  const secret = 'a secret of the operators';
  const question = { asker: mac.id, answerer: cloud.id, nonce };
  const ask = async (proof: string, options: { secret?: string } = { secret }) => {
    const response = await createApp(options).request(hello(`?from=mac&nonce=${nonce}&proof=${proof}`));
    return (await response.json()) as { proof?: string };
  };

  it('proves to know it to one who does', async () => {
    const { proof } = await ask(proofOf(secret, question));
    expect(proofFits(proof, secret, { ...question, publicKey: cloud.key.text })).toBe(true);
  });

  it.each([
    ['made with another secret', proofOf('another secret', question)],
    ['made for another host', proofOf(secret, { ...question, answerer: mac.id })],
    ['made for another nonce', proofOf(secret, { ...question, nonce: `${nonce}x` })],
  ])('proves nothing for a proof %s', async (_, proof) => {
    expect(await ask(proof)).not.toHaveProperty('proof');
  });

  it('proves nothing where there is none', async () => {
    expect(await ask(proofOf(secret, question), {})).not.toHaveProperty('proof');
  });
});
