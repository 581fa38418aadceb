import { describe, expect, it } from 'vitest';
import type { Conversation, Greeted } from '../../../mesh/claims/conversation.ts';
import { Speaker } from '../../../mesh/claims/speaker.ts';
import { MeshError } from '../../../mesh/errors.ts';
import type { AddressKey } from '../../../mesh/names.ts';
import { GREETING_MS_MAX } from '../../../mesh/peer-silence.ts';
import type { Item } from '../../../mesh/register/item.ts';
import type { Event } from '../../../mesh/state/events.ts';
import { CLAIM_VERSION, type ClaimAnswer, type ClaimQuestion } from '../../../mesh/state/messages.ts';
import { coreOn } from '../../support/core-on.ts';
import { cloud, DATA, greetingOf, mac, wishOf } from '../../support/membership-of.ts';
import { never, type PeerScript, ScriptedPeers, says } from '../../support/scripted-peers.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const ITEM: Item = { kind: 'prepare', key: 'a@x.com' as AddressKey, n: 1, claiming: true };
const ANSWER: ClaimAnswer = { version: CLAIM_VERSION, kind: 'items', incarnation: DATA[cloud] ?? '', items: [] };
const GREETING = greetingOf(DATA[cloud] ?? '', wishOf([cloud, mac]));
const STANDING = { version: CLAIM_VERSION, mesh: '', epoch: 0, incarnation: DATA[mac] ?? '' } as const;
const KEYS: ClaimQuestion = { ...STANDING, about: 'keys', after: '' };
const RELEASED: ClaimQuestion = { ...STANDING, about: 'released', life: 1, boot: 'first', round: 1, keys: [] };

/** What `mac` says to `cloud`, which does as the script says, and what the core is told of it. */
function setUp(script: PeerScript, isConversing = false) {
  const [transport, clock] = [new ScriptedPeers({ [cloud]: script }), new VirtualClock()];
  const told: Event[] = [];
  const greeted: Greeted[] = [];
  const state = coreOn(mac);
  const conversation: Conversation = {
    carries: () => true,
    index: () => 'index-1',
    greeted: (_, how) => greeted.push(how),
    heard: () => undefined,
  };
  const speaker = new Speaker({
    ...{ self: mac, state, transport, clock },
    conversation: isConversing ? conversation : undefined,
    own: {
      receive: async (from) => ({ ...ANSWER, incarnation: from }),
      receiveQuestion: async (from) => ({ ...GREETING, incarnation: from }),
    },
    dispatch: (event) => told.push(event),
  });
  return { speaker, transport, clock, told, greeted, state };
}

describe('items of registers', () => {
  it('that began together leave in one message, which says where this host stands', async () => {
    const { speaker, transport, clock, told, state } = setUp(says(ANSWER));
    for (const n of [1, 2]) state.attempts.set(n, {} as never);
    speaker.send(cloud, [ITEM]);
    speaker.send(cloud, [{ ...ITEM, n: 2 }]);
    await clock.settle();
    expect(transport.asked).toMatchObject([
      { to: cloud, lane: 'claims', body: { epoch: 1, incarnation: DATA[mac], items: [ITEM, { ...ITEM, n: 2 }] } },
    ]);
    expect(told).toEqual([{ type: 'answered', from: cloud, answer: ANSWER, tookMs: 0 }]);
  });

  it('that nobody waits for any more do not leave', async () => {
    const { speaker, transport, clock } = setUp(says(ANSWER));
    speaker.send(cloud, [ITEM]);
    await clock.settle();
    expect(transport.asked).toEqual([]);
  });

  it('reach the own vote without a network', async () => {
    const { speaker, transport, clock, told } = setUp(never);
    speaker.send(mac, [ITEM]);
    await clock.settle();
    expect(told).toEqual([{ type: 'answered', from: mac, answer: { ...ANSWER, incarnation: mac }, tookMs: 0 }]);
    expect(transport.asked).toEqual([]);
  });
});

describe('a question', () => {
  const silent = () => Promise.reject(new MeshError('peer_silent', 'No answer.'));
  const strange = () => Promise.reject(new MeshError('peer_untrusted', 'Another key.'));
  const sinceMs = 0;

  it.each<[string, ClaimQuestion, PeerScript, readonly Event[]]>([
    [
      'that is answered',
      GREETING,
      says(GREETING),
      [{ type: 'replied', from: cloud, question: GREETING, reply: GREETING }],
    ],
    ['that is not', KEYS, silent, [{ type: 'silent', from: cloud, sinceMs }]],
    ['about released names that is not', RELEASED, silent, []],
    ['that greets, and is not', GREETING, silent, [{ type: 'ungreeted', from: cloud, sinceMs, why: undefined }]],
    ['that greets a stranger', GREETING, strange, [{ type: 'ungreeted', from: cloud, sinceMs, why: 'Another key.' }]],
  ])('%s', async (_, question, script, expected) => {
    const { speaker, clock, told } = setUp(script);
    speaker.ask(cloud, question);
    await clock.settle();
    expect(told).toEqual(expected);
  });

  it('to this host itself needs no network', async () => {
    const { speaker, transport, clock, told } = setUp(never);
    speaker.ask(mac, GREETING);
    await clock.settle();
    expect([told, transport.asked]).toMatchObject([[{ type: 'replied', reply: { incarnation: mac } }], []]);
  });

  it('that greets says which index there is, and its end is reported', async () => {
    const { speaker, transport, clock, greeted } = setUp(says(GREETING), true);
    speaker.ask(cloud, GREETING);
    await clock.settle();
    expect([transport.asked, greeted]).toMatchObject([
      [{ body: { index: 'index-1' } }],
      [{ sinceMs, reply: GREETING }],
    ]);
  });

  it('that greets waits for the answer to the one before, and is then made anew', async () => {
    const heard = Promise.withResolvers<never>();
    const { speaker, transport, clock, told } = setUp(() => heard.promise);
    for (const _ of [1, 2]) speaker.ask(cloud, GREETING);
    speaker.ask(cloud, KEYS);
    await clock.settle();
    expect(transport.asked.map(({ body }) => (body as ClaimQuestion).about)).toEqual(['greeting', 'keys']);
    await clock.advance(GREETING_MS_MAX);
    expect(told).toMatchObject([{ type: 'ungreeted' }, { type: 'greet', to: cloud }]);
  });
});
