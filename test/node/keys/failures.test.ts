// Who may try credentials again and again, and who may not.
import { describe, expect, it } from 'vitest';
import { CLIENTS_MAX, CredentialFailures, FAILURES_MAX, FAILURES_MS } from '../../../node/keys/failures.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

function setUp() {
  const clock = new VirtualClock();
  const failures = new CredentialFailures(clock);
  const fail = (client: string, times: number) => Array.from({ length: times }, () => failures.failed(client));
  const code = (client: string, digest: string) => failures.refuses(client, digest)?.code;
  return { clock, failures, fail, code };
}

describe('a client whose credentials open nothing', () => {
  it('may try ten times a minute', async () => {
    const { clock, fail, code, failures } = setUp();
    fail('a', FAILURES_MAX - 1);
    expect(code('a', 'x')).toBeUndefined();
    await clock.advance(1_000);
    fail('a', 1);
    expect(failures.refuses('a', 'x')?.retryAfterSeconds).toBe(FAILURES_MS / 1_000 - 1);
    await clock.advance(FAILURES_MS - 1_000);
    expect(code('a', 'x')).toBeUndefined();
    fail('a', 1);
    expect(code('a', 'x')).toBeUndefined();
  });

  it('keeps nobody else from trying', () => {
    const { fail, code } = setUp();
    fail('a', FAILURES_MAX);
    expect([code('a', 'x'), code('b', 'x')]).toEqual(['rate_limited', undefined]);
  });

  it('does not lock out what opened something before from the same place', () => {
    const { fail, code, failures } = setUp();
    failures.opened('a', 'known');
    fail('a', FAILURES_MAX);
    expect([code('a', 'known'), code('a', 'x')]).toEqual([undefined, 'rate_limited']);
  });

  it('is forgotten when ever so many others fail', () => {
    const { fail, code } = setUp();
    fail('a', FAILURES_MAX);
    for (let one = 0; one < CLIENTS_MAX; one += 1) fail(`b${one}`, 1);
    expect(code('a', 'x')).toBeUndefined();
  });
});
