// Every operation of the document, asked again and again with what fits and what does not: no answer is a fault of the node, and each is one
// that the document knows, in the form that it says. What chance seldom brings together is told first, so that every operation succeeds.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type ApiDocument, ApiFuzzer, type Told } from '../../../support/api-fuzzer.ts';
import { sendConfig } from '../../../support/mail.ts';
import { type PageWorld, pageWorld } from '../../../support/page-world.ts';
import { ScriptedEngine } from '../../../support/scripted-engine.ts';
import { never as silent } from '../../../support/scripted-peers.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { hostsText, type TestNode, testNode } from '../../../support/test-node.ts';

const REQUESTS = 3_000;
const TURN_MS = 5;
const DISK_TURNS = 100;
const TURNS_MAX = 500;
/** These need a mesh that has formed and lost its voters, or a second one: test/live/api-decisions.test.ts has both. */
const OF_TWO_MESHES = ['joinMesh', 'recoverMesh'];
/** After one of these that succeeds, other hosts must agree to whatever is claimed, and there are none. */
const OF_THE_MESH = ['addHost', 'removeHost', 'evictHost', 'joinMesh', 'recoverMesh'];

type Tell = (id: string, told?: Told) => Promise<unknown>;

async function fuzz(
  { node, ask, clock }: Pick<TestNode, 'node' | 'ask' | 'clock'>,
  requests: number,
  isAsked: (id: string) => boolean,
  story?: (tell: Tell) => Promise<void>,
) {
  const document = (await ask('GET', '/openapi.json')).body as ApiDocument;
  const fuzzer = new ApiFuzzer(document, seededRandom(1), isAsked);
  const asked = async (url: string, init: RequestInit) => {
    const headers = { host: 'localhost', ...init.headers };
    const answer = Promise.resolve(node.fetch(new Request(`http://localhost${url}`, { ...init, headers })));
    let isAnswered = false;
    const answered = answer.finally(() => {
      isAnswered = true;
    });
    // The disk has its time; only then is it the clock that an answer waits for.
    for (let turn = 0; !isAnswered && turn < TURNS_MAX; turn += 1) {
      await Promise.race([answered, sleep(TURN_MS)]);
      if (turn > DISK_TURNS) await clock.advance(1_000);
    }
    if (isAnswered) return answer;
    throw new Error(`No answer to ${init.method} ${url} ${String(init.body)}`);
  };
  await story?.((id, told = {}) => fuzzer.tell(id, told, asked));
  await fuzzer.run(requests, asked);
  return { faults: fuzzer.faults(), never: fuzzer.never() };
}

/** What succeeds only where several things fit together, and so seldom, or never, by chance. */
async function ofAddressesAndMail(tell: Tell, { webhookId, mail }: PageWorld): Promise<void> {
  const address = 'iac@mail.example.com';
  const t1 = { path: { id: 't1' } };
  await tell('changeAgent', { ...t1, body: { label: 'Queen' } });
  await tell('claimAddress', { ...t1, body: { address: 'queen@mail.example.com' } });
  await tell('listAddresses', t1);
  await tell('lookUp', { query: { address } });
  await tell('getAddress', { path: { id: 't1', address } });
  await tell('changeAddress', { path: { id: 't1', address }, body: { primary: true } });
  await tell('releaseAddress', { path: { id: 't1', address } });
  await tell('resolveConflict', { path: { address: 'lost@mail.example.com' }, body: { keep: 'theirs' } });
  const { deliveries } = (await tell('listDeliveries', { path: { id: webhookId }, query: { status: 'dead' } })) as {
    deliveries: { seq: number }[];
  };
  const deliveryId = String(deliveries[0]?.seq);
  await tell('getDelivery', { path: { id: webhookId, deliveryId } });
  await tell('retryDelivery', { path: { id: webhookId, deliveryId } });
  await tell('replay', { path: { id: webhookId }, body: { status: 'dead', dryRun: true } });
  await tell('changeWebhook', { path: { id: webhookId }, body: { description: 'The gateway' } });
  const message = { from: 'titania@mail.example.com', to: 'bob@mail.example.com', subject: 'Hello', body: 'Hi' };
  await tell('explainEmail', { body: message });
  await tell('sendEmail', { body: message });
  const sent = (await tell('getEmail', { path: { id: mail.sent } })) as { messageId: string; recipient: string };
  const returned = { messageId: sent.messageId, recipients: [{ address: sent.recipient, status: '5.1.1' }] };
  await tell('reportBounce', { body: returned });
  await tell('resendEmail', { path: { id: mail.failed } });
  await tell('cancelEmail', { path: { id: mail.waiting } });
  await tell('letAttachmentsGo', { path: { id: mail.waiting } });
}

it('answers thousands of questions as its document says, and every operation succeeds', {
  timeout: 300_000,
}, async () => {
  const isAsked = (id: string) => !OF_THE_MESH.includes(id);
  const plain = await testNode({ send: sendConfig(), meshSecret: 'a secret of sixteen or more', compat: 'maestro' });
  await using full = await pageWorld();
  const told = await fuzz(full, 0, isAsked, (tell) => ofAddressesAndMail(tell, full));
  const { faults, never } = await fuzz(plain, REQUESTS, isAsked);
  expect([...told.faults, ...faults]).toEqual([]);
  expect(never.filter((id) => told.never.includes(id))).toEqual([]);
});

it('answers what an operator decides about the mesh as its document says', { timeout: 300_000 }, async () => {
  const isAsked = (id: string) => OF_THE_MESH.includes(id);
  const plain = await testNode({ send: sendConfig(), meshSecret: 'a secret of sixteen or more' });
  const shrunk = await testNode({ engine: new ScriptedEngine(), peers: { cloud: silent } });
  shrunk.node.start();
  await shrunk.clock.settle();
  shrunk.roster.edited(hostsText('mac'));
  const told = await fuzz(shrunk, 0, isAsked, async (tell) => {
    await tell('evictHost', { body: { host: 'cloud' } });
  });
  const { faults, never } = await fuzz(plain, 300, isAsked, async (tell) => {
    await tell('addHost', { body: { id: 'linux', url: 'http://linux.tailnet:23000' } });
    await tell('removeHost', { body: { host: 'linux' } });
  });
  expect([...told.faults, ...faults]).toEqual([]);
  expect(never.filter((id) => told.never.includes(id))).toEqual(OF_TWO_MESHES);
});
