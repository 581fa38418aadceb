// What is made of a peer's answer, by whether it is proven to be the peer's.
import { describe, expect, it } from 'vitest';
import { LOOKUP_ANSWER_BYTES_MAX, PEER_BODY_BYTES_MAX } from '../../../../mesh/limits.ts';
import type { PeerRequest } from '../../../../mesh/ports.ts';
import { readAnswer, refused, unsigned } from '../../../../node/peers/connections/peer-answer.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const answer = (status: number, body: unknown) => ({
  ...{ status, field: () => undefined },
  body: typeof body === 'string' ? Buffer.from(body, 'latin1') : Buffer.from(JSON.stringify(body)),
});
const sized = (answerBytesMax: number) => ({ answerBytesMax }) as PeerRequest;
const read = (status: number, body: unknown, bytesMax = PEER_BODY_BYTES_MAX) =>
  readAnswer(answer(status, body), sized(bytesMax), new VirtualClock());

describe('a refusal of the peer', () => {
  it.each([
    [409, { reason: 'clock_skew', message: 'Set your clock.' }, 'clock_skew', /\(409\)\. It says: "Set your clock\."/],
    [401, { reason: 'unlisted', message: 'Who is it?' }, 'peer_refused', /\(401\)\. It says: "Who is it\?"/],
    [403, { message: 5 }, 'peer_refused', /\(403\)\.$/],
    [500, '', 'peer_refused', /\(500\)\.$/],
    [429, { reason: 'clock_skew' }, 'overloaded', /busy/],
    [408, {}, 'overloaded', /busy/],
  ])('of %i %j is %s', (status, body, code, words) => {
    expect(refused(answer(status, body))).toMatchObject({ code, message: expect.stringMatching(words) });
  });

  it('is quoted no longer than a sentence', () => {
    const { message } = refused(answer(400, { message: 'x'.repeat(1_000) }));
    expect(message.length).toBeLessThan(300);
  });

  it('is not read when it is large', () => {
    const padded = { message: 'It says so.', padding: ' '.repeat(LOOKUP_ANSWER_BYTES_MAX) };
    expect(refused(answer(400, padded)).message).toBe('It refused the question (400).');
  });

  it('that is no JSON is told as what it is', () => {
    expect(() => refused(answer(400, '<html>'))).toThrowError(expect.objectContaining({ code: 'peer_unintelligible' }));
  });
});

describe('an answer without a signature', () => {
  it.each([
    [200, {}, 'peer_untrusted', /^It answered 200 without a signature\.$/],
    [401, {}, 'peer_untrusted', /bring the older one up to date\.$/],
    [404, { message: 'No.' }, 'peer_untrusted', /without a signature\. It says: "No\."/],
    [429, {}, 'overloaded', /busy/],
    [408, {}, 'overloaded', /busy/],
  ])('of %i is %j: %s', (status, body, code, words) => {
    expect(unsigned(answer(status, body))).toMatchObject({ code, message: expect.stringMatching(words) });
  });
});

describe('an answer that is believed', () => {
  it('is JSON, or empty', async () => {
    expect(await read(200, { a: 1 })).toEqual({ body: { a: 1 } });
    expect(await read(200, '')).toEqual({ body: undefined });
  });

  it.each(['{', '{}x', '{"a":"\xff"}'])("is not '%s'", async (text) => {
    await expect(read(200, text)).rejects.toMatchObject({ code: 'peer_unintelligible' });
  });

  it('is read by its members where it may be an index', async () => {
    expect(await read(200, { 'a@x.com': 1, 'b@x.com': 2 }, PEER_BODY_BYTES_MAX + 1)).toEqual({
      body: undefined,
      members: [
        ['a@x.com', 1],
        ['b@x.com', 2],
      ],
    });
  });

  it('is read whole where it refuses an index', async () => {
    expect(await read(400, { message: 'No.' }, PEER_BODY_BYTES_MAX + 1)).toEqual({ body: { message: 'No.' } });
  });
});
