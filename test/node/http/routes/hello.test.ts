import { describe, expect, it } from 'vitest';
import { rosterOf } from '../../../../mesh/roster.ts';
import { verifyHello } from '../../../../mesh/signature/hello.ts';
import { isSigned, verifyResponse } from '../../../../mesh/signature/response.ts';
import { helloRoutes } from '../../../../node/http/routes/hello.ts';
import { createShell } from '../../../../node/http/shell.ts';
import { proofFits, proofOf } from '../../../../node/peers/keys/hello.ts';
import { RecordingLog } from '../../../support/recording-log.ts';
import { testKeys } from '../../../support/test-keys.ts';
import { partsOf, signedTestRequest, testHost } from '../../../support/trusting-hosts.ts';
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
  return new Request(`http://cloud.test/api/mesh/v1/hello${query}`);
}

async function received(response: Response) {
  const body = new Uint8Array(await response.arrayBuffer());
  return { status: response.status, body, field: (name: string) => response.headers.get(name) ?? undefined };
}

const expected = { from: cloud.id, to: mac.id, key: cloud.key, nowSeconds: Math.floor(clock.wallMs() / 1_000) };

describe('GET /api/mesh/v1/hello', () => {
  it("tells the host, its key and its software, with the asker's nonce, signed with that key", async () => {
    const answer = await received(await createApp().request(hello(`?from=mac&nonce=${nonce}`)));
    verifyHello(answer, { ...expected, nonce });
    expect([answer.status, JSON.parse(Buffer.from(answer.body).toString())]).toEqual([
      200,
      {
        version: 2,
        host: { id: 'cloud', name: 'The cloud' },
        publicKey: cloud.key.text,
        asker: 'mac',
        nonce,
        software: 'mesh/1.2.3',
      },
    ]);
  });

  it('is no answer to anything else, whatever request signature it is shown', async () => {
    const lookUp = signedTestRequest(mac, cloud.id, { path: '/api/agents/email-index?address=a@x.com' }, clock);
    const asked = hello(`?from=mac&nonce=${nonce}`);
    const shown = new Request(asked, { headers: lookUp.headers });
    const answer = await received(await createApp().request(shown));
    expect(() => verifyResponse(answer, { ...expected, request: partsOf(lookUp) })).toThrow(/another kind of message/);
    const withTheirs = hello(`?from=mac&nonce=${partsOf(lookUp).params.split('"')[13]}`);
    const again = await received(await createApp().request(new Request(withTheirs, { headers: lookUp.headers })));
    expect(() => verifyResponse(again, { ...expected, request: partsOf(lookUp) })).toThrow(/another kind of message/);
    expect(() => verifyHello(answer, { ...expected, nonce: `${nonce}x` })).toThrow(/another nonce/);
    expect(() => verifyHello(answer, { ...expected, to: cloud.id, nonce })).toThrow(/not addressed/);
  });

  it('answers a host that it does not list no differently', async () => {
    const request = () => hello(`?from=mac&nonce=${nonce}`);
    const [listed, unlisted] = await Promise.all([
      createApp({ lists: [mac] }).request(request()),
      createApp().request(request()),
    ]);
    expect([unlisted.status, await unlisted.text()]).toEqual([listed.status, await listed.text()]);
  });

  it('answers a person, who asks without a nonce, unsigned', async () => {
    const response = await createApp().request('/api/mesh/v1/hello?from=mac');
    expect([response.status, response.headers.get('signature')]).toEqual([200, null]);
    expect(await response.json()).toEqual({
      version: 2,
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
  ])('refuses the query %j, naming %s, unsigned', async (query, field) => {
    const answer = await received(await createApp().request(hello(query)));
    expect([answer.status, isSigned(answer)]).toEqual([400, false]);
    expect(JSON.parse(Buffer.from(answer.body).toString())).toMatchObject({ error: 'invalid_request', field });
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
