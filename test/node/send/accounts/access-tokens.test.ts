import { describe, expect, it } from 'vitest';
import { Secret } from '../../../../node/secret.ts';
import { AccessTokens, type PostForm } from '../../../../node/send/accounts/access-tokens.ts';
import { account } from '../../../support/mail.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const auth = {
  kind: 'xoauth2',
  user: 'ann@x',
  tokenUrl: 'https://id.x.example.com/token',
  clientId: 'c',
  refreshToken: new Secret('refresh-secret'),
  scope: 's',
} as const;
const ann = account({ security: 'starttls', auth });

function tokens(post: PostForm) {
  const clock = new VirtualClock();
  return { clock, tokens: new AccessTokens(post, clock) };
}

/** Hands out token-1, token-2, …, each for so many seconds. */
function provider(seconds?: number) {
  const forms: Record<string, string>[] = [];
  const post: PostForm = async (_, form) => {
    forms.push(Object.fromEntries(form));
    return {
      status: 200,
      text: JSON.stringify({
        access_token: `token-${forms.length}`,
        ...(seconds === undefined ? {} : { expires_in: seconds }),
      }),
    };
  };
  return { forms, post };
}

describe('an access token', () => {
  it('is asked for as RFC 6749 §6 says, once for all who wait, and kept until a minute before its end', async () => {
    const { forms, post } = provider(600);
    const { clock, tokens: made } = tokens(post);
    const all = await Promise.all([made.secretOf(ann), made.secretOf(ann)]);
    expect(all.map((token) => token.reveal())).toEqual(['token-1', 'token-1']);
    expect(forms).toEqual([
      { grant_type: 'refresh_token', client_id: 'c', refresh_token: 'refresh-secret', scope: 's' },
    ]);
    await clock.advance(539_000);
    expect((await made.secretOf(ann)).reveal()).toBe('token-1');
    await clock.advance(2_000);
    expect((await made.secretOf(ann)).reveal()).toBe('token-2');
  });

  it('is asked for anew after the server refused it', async () => {
    const { tokens: made } = tokens(provider().post);
    await made.secretOf(ann);
    made.refused(ann);
    expect((await made.secretOf(ann)).reveal()).toBe('token-2');
  });

  it.each<[string, PostForm]>([
    ['silence', () => Promise.reject(new Error('timeout refresh-secret'))],
    [
      'an error',
      () => Promise.resolve({ status: 400, text: '{"error":"invalid_grant","error_description":"refresh-secret"}' }),
    ],
    [
      'an error that quotes it',
      () => Promise.resolve({ status: 400, text: '{"error":"no_such_token.refresh-secret"}' }),
    ],
    ['a page', () => Promise.resolve({ status: 200, text: '<html>refresh-secret' })],
    ['no token', () => Promise.resolve({ status: 200, text: '{}' })],
  ])('that is not given because of %s is told without a secret, and asked for again', async (_, post) => {
    let isBroken = true;
    const { tokens: made } = tokens((url, form) => (isBroken ? post(url, form) : provider().post(url, form)));
    const error = await made.secretOf(ann).catch((caught: Error) => caught);
    expect(String(error)).toMatch(/id\.x\.example\.com gave no access token for account 'main'/);
    expect(String(error)).not.toContain('refresh');
    isBroken = false;
    expect((await made.secretOf(ann)).reveal()).toBe('token-1');
  });

  it('is not needed with a password', async () => {
    const { tokens: made } = tokens(() => Promise.reject(new Error('asked')));
    const login = { kind: 'password', user: 'u', password: new Secret('p') } as const;
    expect((await made.secretOf(account({ auth: login }))).reveal()).toBe('p');
  });
});
