// Sessions of browsers: what a cookie stands for, how long, and how many there are.
import { describe, expect, it } from 'vitest';
import { credentialOf } from '../../../../node/http/gate/credential.ts';
import { Sessions } from '../../../../node/http/gate/sessions.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const LIFE_MS = 60_000;
const [ONE, OTHER, THIRD] = ['one', 'other', 'third'].map(credentialOf) as [
  ReturnType<typeof credentialOf>,
  ReturnType<typeof credentialOf>,
  ReturnType<typeof credentialOf>,
];

function open(bounds = { sessionsMax: 3, perCredentialMax: 2, lifeMs: LIFE_MS }) {
  const clock = new VirtualClock();
  const sessions = new Sessions({ clock, random: seededRandom(1), hostId: 'mac', bounds });
  return { clock, sessions, cookieOf: (value: string) => `${sessions.cookieName}=${value}` };
}

describe('a session', () => {
  it('is of the credential that was shown, in the cookie of its host', () => {
    const { sessions, cookieOf } = open();
    const cookie = cookieOf(sessions.open(ONE));
    expect([sessions.cookieName, sessions.lifeSeconds]).toEqual(['mesh_session.mac', 60]);
    expect(sessions.credentialIn(cookie)).toEqual(ONE);
    expect(sessions.credentialIn(`theme=dark; ${cookie}; mesh_session.cloud=x`)).toEqual(ONE);
  });

  it.each([undefined, '', 'mesh_session.mac=', 'mesh_session.mac=guessed', 'mesh_session.cloud=x'])(
    "is not in '%s'",
    (cookies) => {
      const { sessions } = open();
      sessions.open(ONE);
      expect(sessions.credentialIn(cookies)).toBeUndefined();
    },
  );

  it('ends when its time is over', async () => {
    const { clock, sessions, cookieOf } = open();
    const cookie = cookieOf(sessions.open(ONE));
    await clock.advance(LIFE_MS - 1);
    expect(sessions.credentialIn(cookie)).toEqual(ONE);
    await clock.advance(1);
    expect(sessions.credentialIn(cookie)).toBeUndefined();
  });

  it('ends when it is closed, and no other with it', () => {
    const { sessions, cookieOf } = open();
    const [one, other] = [cookieOf(sessions.open(ONE)), cookieOf(sessions.open(ONE))];
    sessions.close(one);
    sessions.close(undefined);
    expect([sessions.credentialIn(one), sessions.credentialIn(other)]).toEqual([undefined, ONE]);
  });

  it('gives way, the oldest first, to more of its credential than there may be', () => {
    const { sessions, cookieOf } = open({ sessionsMax: 10, perCredentialMax: 2, lifeMs: LIFE_MS });
    const cookies = [sessions.open(ONE), sessions.open(OTHER), sessions.open(ONE), sessions.open(ONE)].map(cookieOf);
    expect(cookies.map((cookie) => sessions.credentialIn(cookie))).toEqual([undefined, OTHER, ONE, ONE]);
  });

  it('gives way, the oldest first, to more of all than there may be', () => {
    const { sessions, cookieOf } = open();
    const cookies = [ONE, OTHER, OTHER, THIRD].map((credential) => cookieOf(sessions.open(credential)));
    expect(cookies.map((cookie) => sessions.credentialIn(cookie))).toEqual([undefined, OTHER, OTHER, THIRD]);
  });

  it('gives way to none while others are over', async () => {
    const { clock, sessions, cookieOf } = open();
    sessions.open(ONE);
    sessions.open(OTHER);
    await clock.advance(LIFE_MS / 2);
    const kept = cookieOf(sessions.open(THIRD));
    await clock.advance(LIFE_MS / 2);
    for (const credential of [ONE, OTHER]) sessions.open(credential);
    expect(sessions.credentialIn(kept)).toEqual(THIRD);
  });
});

describe("a form's token", () => {
  it('is of one session, and of no other', () => {
    const { sessions, cookieOf } = open();
    const [one, other] = [cookieOf(sessions.open(ONE)), cookieOf(sessions.open(ONE))];
    const token = sessions.formToken(one);
    expect([one, other, undefined].map((cookies) => sessions.isFormToken(cookies, token))).toEqual([
      true,
      false,
      false,
    ]);
    expect([token.slice(1), `${token}x`, ''].map((text) => sessions.isFormToken(one, text))).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('is of nobody where nobody has logged in, whatever cookie is brought along', () => {
    const { sessions } = open();
    const token = sessions.formToken(undefined);
    expect(sessions.isFormToken('mesh_session.mac=planted', token)).toBe(true);
    expect(sessions.formToken('mesh_session.mac=planted')).toBe(token);
  });

  it('ends with its session', async () => {
    const { clock, sessions, cookieOf } = open();
    const cookie = cookieOf(sessions.open(ONE));
    const token = sessions.formToken(cookie);
    await clock.advance(LIFE_MS);
    expect(sessions.isFormToken(cookie, token)).toBe(false);
  });

  it('of another start is none', () => {
    const [one, other] = [
      open().sessions,
      new Sessions({ clock: new VirtualClock(), random: seededRandom(2), hostId: 'mac' }),
    ];
    expect(other.isFormToken(undefined, one.formToken(undefined))).toBe(false);
  });
});
