// Somebody between a newcomer and the host that it asks, or in the place of one of them: what README.md of mesh/admission says that they can't.
import { createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { answerJoin, askToJoin, isProven, type OpenAsk } from '../../../mesh/admission/handshake.ts';
import { drawToken, type InvitationKey, invitationOf } from '../../../mesh/admission/invitation-token.ts';
import type { JoinAnswer, JoinAsk } from '../../../mesh/admission/messages.ts';
import { drawShare } from '../../../mesh/channel/share.ts';
import type { HostId } from '../../../mesh/names.ts';
import type { Random } from '../../../mesh/ports.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { testKeys } from '../../support/test-keys.ts';

const KEYS = testKeys('mac', 'mini', 'eve');
const [random, NOW] = [seededRandom(7), 1_700_000_000];
const [mac, mini, eve] = ['mac', 'mini', 'eve'] as HostId[] as [HostId, HostId, HostId];
const SEALED = {
  secret: 'the-secret-of-the-mesh',
  hosts: [
    { id: mac, url: 'http://10.0.0.1:23000' },
    { id: mini, url: 'http://10.0.0.2:23000' },
  ],
};

const invitation = (): InvitationKey => invitationOf(drawToken(random)) as InvitationKey;

function asks(key: InvitationKey, chance: Pick<Random, 'bytes'> = random): OpenAsk {
  return askToJoin({
    invitation: key,
    to: { id: mac, url: 'http://10.0.0.1:23000', publicKey: KEYS.mac.signer.publicKey },
    from: { id: mini, url: 'http://10.0.0.2:23000', name: 'Mini', voter: false },
    nowSeconds: NOW,
    signer: KEYS.mini.signer,
    random: chance,
  });
}

const answers = (ask: JoinAsk, key: InvitationKey, who: 'mac' | 'eve' = 'mac') =>
  answerJoin(ask, key, SEALED, { signer: KEYS[who].signer, random });

describe('an admission that nobody disturbs', () => {
  it('brings the newcomer the secret and the hosts', () => {
    const key = invitation();
    const { ask, open } = asks(key);
    expect(isProven(ask, key)).toBe(true);
    expect(open(answers(ask, key))).toEqual(SEALED);
  });

  it('shows neither the token, nor its key, nor the secret on the way', () => {
    const token = drawToken(random);
    const key = invitationOf(token) as InvitationKey;
    const { ask } = asks(key);
    const wire = JSON.stringify([ask, answers(ask, key)]);
    for (const hidden of [token.slice(4), key.key, SEALED.secret]) expect(wire).not.toContain(hidden);
  });
});

describe('somebody on the path', () => {
  const alterations: readonly (readonly [string, (ask: JoinAsk) => JoinAsk])[] = [
    ['its own share', (ask) => ({ ...ask, share: asks(invitation()).ask.share })],
    ['its own key', (ask) => ({ ...ask, from: { ...ask.from, publicKey: KEYS.eve.signer.publicKey } })],
    ['its own id', (ask) => ({ ...ask, from: { ...ask.from, id: eve } })],
    ['its own URL', (ask) => ({ ...ask, from: { ...ask.from, url: 'http://10.6.6.6:23000' } })],
    ['a vote', (ask) => ({ ...ask, from: { ...ask.from, voter: true } })],
    ['another name', (ask) => ({ ...ask, from: { ...ask.from, name: 'Mini\n' } })],
    ['another host to ask', (ask) => ({ ...ask, to: { ...ask.to, id: eve } })],
    ['another key to ask', (ask) => ({ ...ask, to: { ...ask.to, publicKey: KEYS.eve.signer.publicKey } })],
    ['another URL to ask', (ask) => ({ ...ask, to: { ...ask.to, url: 'http://10.6.6.6:23000' } })],
    ['a later time', (ask) => ({ ...ask, createdSeconds: ask.createdSeconds + 1 })],
    ['a MAC of nothing', (ask) => ({ ...ask, mac: Buffer.alloc(32).toString('base64url') })],
    ['a signature of nothing', (ask) => ({ ...ask, signature: Buffer.alloc(64).toString('base64url') })],
  ];

  it.each(alterations)('can not put %s into the ask', (_, alter) => {
    const key = invitation();
    expect(isProven(alter(asks(key).ask), key)).toBe(false);
  });

  it.each([
    ['a share of its own', (answer: JoinAnswer) => ({ ...answer, share: asks(invitation()).ask.share })],
    ['other octets', (answer: JoinAnswer) => ({ ...answer, sealed: flipped(answer.sealed) })],
    ['less', (answer: JoinAnswer) => ({ ...answer, sealed: answer.sealed.slice(0, 8) })],
    ['no signature', (answer: JoinAnswer) => ({ ...answer, signature: Buffer.alloc(64).toString('base64url') })],
    ['something else', () => ({ error: 'none' })],
  ])('can not put %s into the answer', (_, alter) => {
    const key = invitation();
    const { ask, open } = asks(key);
    expect(() => open(alter(answers(ask, key)))).toThrow(/Nothing was taken from it/);
  });

  it('can not open the answer without a share of the two, though it learns the token afterwards, nor with one but without the token', () => {
    const key = invitation();
    const drawn: Uint8Array[] = [];
    const recorded = (count: number) => drawn[drawn.push(random.bytes(count)) - 1] as Uint8Array;
    const { ask } = asks(key, { bytes: recorded });
    const { share, sealed } = answers(ask, key);
    const agreed = drawShare({ bytes: () => drawn[0] as Uint8Array }).agree(share) as Uint8Array;
    const token = Buffer.from(key.key, 'base64url');
    const isOpened = (...input: Uint8Array[]) =>
      opens(Buffer.from(sealed, 'base64url'), Buffer.concat(input), ask, share);
    expect(isOpened(agreed, token)).toBe(true);
    expect([isOpened(token), isOpened(agreed), isOpened(new Uint8Array(32), token)]).toEqual([false, false, false]);
  });
});

describe('a replayer', () => {
  it('can not open what comes of an ask that it repeats, nor have an old answer taken', () => {
    const key = invitation();
    const [first, second] = [asks(key), asks(key)];
    const old = answers(first.ask, key);
    expect(() => second.open(old)).toThrow(/without the signature/);
    expect(first.open(answers(first.ask, key))).toEqual(SEALED);
  });
});

describe('an impostor', () => {
  it('of the host can not answer without its key, though it has the token', () => {
    const key = invitation();
    const { ask, open } = asks(key);
    expect(() => open(answers(ask, key, 'eve'))).toThrow(/without the signature of the key with that fingerprint/);
  });

  it('of the newcomer can not ask with a guess at the token, nor without it', () => {
    const [key, guess] = [invitation(), invitation()];
    expect(isProven(asks({ id: key.id, key: guess.key }).ask, key)).toBe(false);
  });

  it('of the newcomer can not ask with the token in the name of a key that it has not', () => {
    const key = invitation();
    const { ask } = askToJoin({
      invitation: key,
      to: asks(key).ask.to,
      from: { id: mini, url: 'http://10.0.0.2:23000' },
      nowSeconds: NOW,
      signer: { publicKey: KEYS.mini.signer.publicKey, sign: KEYS.eve.signer.sign },
      random,
    });
    expect(isProven(ask, key)).toBe(false);
  });

  it('can not send one side’s signature back as the other’s', () => {
    const key = invitation();
    const { ask, open } = asks(key);
    expect(() => open({ ...answers(ask, key), signature: ask.signature })).toThrow(/without the signature/);
  });
});

function flipped(text: string): string {
  const octets = Buffer.from(text, 'base64url');
  octets[3] = (octets[3] ?? 0) ^ 1;
  return octets.toString('base64url');
}

/** Whether what was sealed opens by a key made of `input`, as step 2 of the paper says. */
function opens(sealed: Buffer, input: Uint8Array, ask: JoinAsk, share: string): boolean {
  const { from, to } = ask;
  const lines = [
    ...['mesh-join/1', ask.invitation, to.id, to.publicKey, to.url, from.id, from.publicKey, from.url],
    ...[JSON.stringify(from.name), String(from.voter), String(ask.createdSeconds), ask.share, share],
  ];
  const transcript = Buffer.from(lines.join('\n'));
  const salt = createHash('sha256').update(transcript).digest();
  const key = new Uint8Array(hkdfSync('sha256', input, salt, 'mesh-join seal', 32));
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.alloc(12), { authTagLength: 16 });
  decipher.setAAD(transcript);
  decipher.setAuthTag(sealed.subarray(-16));
  decipher.update(sealed.subarray(0, -16));
  try {
    decipher.final();
    return true;
  } catch {
    return false; // The tag does not fit.
  }
}
