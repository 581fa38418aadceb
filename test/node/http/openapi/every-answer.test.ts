// Every operation of the document, asked again and again with what fits and what does not: no answer is a fault of the node, and each is one
// that the document knows, in the form that it says.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type ApiDocument, ApiFuzzer } from '../../../support/api-fuzzer.ts';
import { sendConfig } from '../../../support/mail.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { testNode } from '../../../support/test-node.ts';

const REQUESTS = 3_000;
const TURN_MS = 5;
const DISK_TURNS = 100;
const TURNS_MAX = 500;
/** After one of these that succeeds, other hosts must agree to whatever is claimed, and there are none. */
const OF_THE_MESH = ['addHost', 'removeHost', 'evictHost', 'joinMesh', 'recoverMesh'];

/** They succeed only where several things fit together that chance seldom brings together. */
const RARE = ['changeAddress', 'resolveConflict', 'getDelivery', 'retryDelivery', 'reportBounce', 'getEmail'].concat([
  'cancelEmail',
  'letAttachmentsGo',
  'resendEmail',
  'releaseAddress',
  'getAddress',
]);

async function fuzz(requests: number, isAsked: (id: string) => boolean) {
  const { node, ask, clock } = await testNode({ send: sendConfig(), meshSecret: 'a secret of sixteen or more' });
  const document = (await ask('GET', '/openapi.json')).body as ApiDocument;
  const fuzzer = new ApiFuzzer(document, seededRandom(1), isAsked);
  return fuzzer.run(requests, async (url, init) => {
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
  });
}

it('answers thousands of questions as its document says', { timeout: 300_000 }, async () => {
  const { faults, answered } = await fuzz(REQUESTS, (id) => !OF_THE_MESH.includes(id));
  expect(faults).toEqual([]);
  const never = [...answered].filter(([, counts]) => ![...counts.keys()].some((status) => status < 300));
  expect(never.map(([name]) => name).filter((name) => !RARE.includes(name))).toEqual([]);
});

it('answers what an operator decides about the mesh as its document says', { timeout: 300_000 }, async () => {
  const { faults } = await fuzz(300, (id) => OF_THE_MESH.includes(id));
  expect(faults).toEqual([]);
});
