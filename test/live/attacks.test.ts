// Real nodes with somebody between them, who has no key and no secret: what he can make one host believe of another.
import { describe, expect, it } from 'vitest';
import { freePorts, type HostProcess, ProcessMesh } from '../../scripts/host-process.ts';
import { Client, until } from '../support/live.ts';
import { type Heard, ManInTheMiddle, type Meddling } from '../support/man-in-the-middle.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const SECRET = 'a-secret-of-the-operators';
const INDEX = '/api/agents/email-index';

/** Hosts `mac`, `cloud` and `mini`, each reached by the others through somebody in between. */
async function attacked(environment: Readonly<Record<string, string>>) {
  const stack = new AsyncDisposableStack();
  const ids = ['mac', 'cloud', 'mini'];
  const real = new Map<string, string>();
  const middles = new Map<string, ManInTheMiddle>();
  for (const [index, port] of (await freePorts(ids.length)).entries()) {
    const url = `http://127.0.0.1:${port}`;
    real.set(String(ids[index]), url);
    middles.set(String(ids[index]), stack.use(await ManInTheMiddle.before(url)));
  }
  const client = stack.use(new Client());
  const specs = ids.map((id) => ({ id, entry: { url: middles.get(id)?.url } }));
  const mesh = stack.use(await ProcessMesh.create(specs, { environment }));
  for (const host of mesh.hosts) {
    const listen = String(real.get(host.id)).slice('http://'.length);
    host.environment = { ...environment, MESH_LISTEN: listen };
  }
  const at = (id: string): Pick<HostProcess, 'url'> => ({ url: String(real.get(id)) });
  const claim = async (id: string, address: string) =>
    (await client.expect(at(id), 'POST', '/api/agents', {
      name: `${id}/${address.replace('@', '/')}`,
      tools: { email: { addresses: [{ address }] } },
    })) as { status: number; body: { reason?: string } };
  /** Once every host was heard: one that seems down has a quarter of a second, which a busy machine keeps it waiting. */
  const lookUp = async (id: string, address: string) => {
    for (;;) {
      const { body } = await client.expect(at(id), 'GET', `${INDEX}?address=${address}&federated=true`);
      const failures = body.meta.failures ?? {};
      if (Object.values(failures).includes('peer_silent')) continue;
      return { owner: body.emails[address]?.hostId as string | undefined, failures };
    }
  };
  const middle = (id: string) => middles.get(id) as ManInTheMiddle;
  return { mesh, claim, lookUp, middle, client, at, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const isAbout = (path: string, address: string) => path.startsWith(`${INDEX}?address=${encodeURIComponent(address)}`);

/** Ways to give the asker of a look-up of `address` other words that were signed by hosts of the mesh. */
function swaps(address: string, elsewhere: string): Readonly<Record<string, Meddling>> {
  let old: Heard | undefined;
  return {
    'an old answer': async (said, pass) => {
      if (isAbout(said.path, address) && old !== undefined) return old;
      const heard = await pass(said);
      if (said.path.startsWith(INDEX)) old ??= heard;
      return heard;
    },
    'a hello': (said, pass) =>
      pass(
        isAbout(said.path, address)
          ? { ...said, path: '/api/mesh/v1/hello?from=mac&nonce=AAECAwQFBgcICQoLDA0ODw' }
          : said,
      ),
    'the answer to another path': (said, pass) =>
      pass(isAbout(said.path, address) ? { ...said, path: `${INDEX}?address=nobody%40x.com` } : said),
    'a look-up that seems unsigned': (said, pass) => {
      if (!isAbout(said.path, address)) return pass(said);
      const { signature, 'signature-input': _, ...headers } = said.headers;
      return pass({ ...said, headers });
    },
    'the answer of another host': async (said, pass) => {
      if (!isAbout(said.path, address)) return pass(said);
      const answer = await fetch(elsewhere + said.path, { headers: said.headers as Record<string, string> });
      const body = Buffer.from(await answer.arrayBuffer());
      return { status: 200, headers: Object.fromEntries(answer.headers), body };
    },
  };
}

describe.each([
  ['with a secret', { MESH_SECRET: SECRET }],
  ['without one', {}],
])('real hosts %s and somebody between them', (_, environment) => {
  it('are told no signed lie in either direction: who is meddled with is named as failed', {
    timeout: LIVE_MS_MAX,
  }, async () => {
    await using world = await attacked(environment);
    const { mesh, claim, lookUp, middle, at } = world;
    await mesh.start();
    for (const id of ['mac', 'cloud']) await until(async () => (await claim(id, `of-${id}@x.com`)).status === 201);
    for (const [asker, owner] of [
      ['mac', 'cloud'],
      ['cloud', 'mac'],
    ] as const) {
      const address = `of-${owner}@x.com`;
      for (const [name, meddling] of Object.entries(swaps(address, at('mini').url))) {
        middle(owner).meddle = meddling;
        await lookUp(asker, 'nobody@x.com');
        const { owner: told, failures } = await lookUp(asker, address);
        expect([name, told, failures[owner]]).toEqual([
          name,
          undefined,
          expect.stringMatching(/^peer_(untrusted|refused)$/),
        ]);
      }
      middle(owner).meddle = (said, pass) => pass(said);
      expect(await lookUp(asker, address)).toEqual({ owner, failures: {} });
    }
  });
});

it('real hosts with a secret are not talked out of their votes by somebody who answers 404 for the others', {
  timeout: LIVE_MS_MAX,
}, async () => {
  await using world = await attacked({ MESH_SECRET: SECRET });
  const { mesh, claim, lookUp, middle, client, at } = world;
  for (const id of ['mac', 'cloud', 'mini'])
    middle(id).meddle = async ({ path }) => ({
      status: path.includes('/hello') ? 404 : 200,
      headers: { 'content-type': 'application/json' },
      body: Buffer.from('{}'),
    });
  await mesh.start();
  const answers = await Promise.all(['mac', 'cloud', 'mini'].map((id) => claim(id, 'titania@x.com')));
  expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
  expect((await lookUp('mac', 'titania@x.com')).failures).toEqual({ cloud: 'peer_untrusted', mini: 'peer_untrusted' });
  const { hosts } = (await client.expect(at('mac'), 'GET', '/api/hosts')).body;
  expect(hosts[1]).toMatchObject({ id: 'cloud', votes: true, key: { state: 'untrusted' } });
  expect(hosts[1]).not.toHaveProperty('legacy');
  for (const id of ['mac', 'cloud', 'mini']) middle(id).meddle = (said, pass) => pass(said);
  await until(async () => (await claim('mac', 'titania@x.com')).status === 201);
  expect((await claim('cloud', 'titania@x.com')).status).toBe(409);
});
