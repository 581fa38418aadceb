// All that AgentMail's client can ask, method by method: each is answered with its status, in the shape that the client's own schema has, and with
// what shows that it did what it says. What only the vendor's service can do is asked in proof/40-not-implemented.ts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AnsweredMailbox, answeredMailbox, answersTo, faultsOf, METHODS } from '../support/answered-mailbox.ts';
import { methodsOf } from '../support/client-methods.ts';
import type { Rows } from '../support/method-rows.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';
import { VENDOR_CALLS } from '../support/vendor-calls.ts';
import { DOMAINS } from './methods/domains.ts';
import { DRAFTS } from './methods/drafts.ts';
import { FIGURES } from './methods/figures.ts';
import { INBOXES } from './methods/inboxes.ts';
import { KEYS } from './methods/keys.ts';
import { LISTS } from './methods/lists.ts';
import { MESSAGES } from './methods/messages.ts';
import { THREADS } from './methods/threads.ts';
import { WEBHOOKS } from './methods/webhooks.ts';

const ROWS: Rows = {
  ...{ ...KEYS, ...INBOXES, ...MESSAGES, ...THREADS, ...DRAFTS },
  ...{ ...LISTS, ...WEBHOOKS, ...DOMAINS, ...FIGURES },
};

describe('a method of AgentMail’s client', () => {
  let world: AnsweredMailbox;

  beforeAll(async () => {
    world = await answeredMailbox();
  }, LIVE_MS_MAX);
  afterAll(() => world?.[Symbol.asyncDispose](), LIVE_MS_MAX);

  it('is one of 140, each of which is expected to answer something', () => {
    const expected = [...Object.keys(ROWS), ...Object.keys(VENDOR_CALLS)].sort();
    expect(methodsOf(world.aside)).toEqual(expected);
    expect(expected).toHaveLength(140);
  });

  for (const [name, { status, tells, ask }] of Object.entries(ROWS))
    it(
      `${name}: ${status}, ${tells}`,
      async () => {
        const got = await answersTo(() => ask(world));
        expect(got.map((answer) => answer.status)).toEqual([status]);
        const { schema, own = [] } = METHODS[name] ?? expect.fail('nobody says its shape');
        expect(schema === undefined, 'a shape, or no body').toBe(status === 204);
        const [answer] = got;
        if (schema === undefined || answer === undefined) return expect(answer?.body).toBeUndefined();
        expect(faultsOf(schema, answer).filter((fault) => !own.includes(fault))).toEqual([]);
      },
      LIVE_MS_MAX,
    );
});
