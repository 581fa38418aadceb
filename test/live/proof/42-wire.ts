// Step 42: what AgentMail's client expects of the wire. For each method, a real node is brought to answer with success and with each error that the
// installed client declares for it, which are read out of that client; held by status, shape and class.
import { AgentMailClient } from 'agentmail';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Answer,
  type AnsweredMailbox,
  answeredMailbox,
  answersTo,
  faultsOf,
  METHODS,
} from '../../support/answered-mailbox.ts';
import { methodsOf } from '../../support/client-methods.ts';
import { type DeclaredError, declaredErrors } from '../../support/declared-errors.ts';
import { type Call, DELETED } from '../../support/deleting-calls.ts';
import { nowhere } from '../../support/mailbox-nowhere.ts';
import type { ProofSteps } from '../../support/proof-world.ts';
import { CONFLICTING, INVALID, NEVER_HERE, REJECTED, unprocessable } from '../../support/refused-calls.ts';
import { LIVE_MS_MAX } from '../../support/time-bounds.ts';
import { VENDOR_CALLS } from '../../support/vendor-calls.ts';
import type { Zone } from '../../support/zone.ts';

const CLIENT = new AgentMailClient({ apiKey: 'none', baseUrl: 'http://127.0.0.1:9' });
/** Of the methods that this host has. */
const DECLARED = methodsOf(CLIENT)
  .filter((name) => VENDOR_CALLS[name] === undefined)
  .flatMap((name) => declaredErrors(CLIENT, name).map((error) => ({ name, ...error })));

export const wire: ProofSteps = () => {
  describe('42 the wire', () => {
    const zone: Zone = new Map();
    let world: AnsweredMailbox;

    beforeAll(async () => {
      world = await answeredMailbox(zone);
    }, LIVE_MS_MAX);
    afterAll(() => world?.[Symbol.asyncDispose](), LIVE_MS_MAX);

    const CALLS: Readonly<Record<number, Readonly<Record<string, Call>>>> = {
      ...{ 400: INVALID, 403: REJECTED, 409: CONFLICTING, 422: unprocessable(zone) },
    };
    /** Of what is not there, by the ids of nothing. */
    const callOf = (status: number, name: string): Call | undefined => {
      if (status !== 404) return CALLS[status]?.[name];
      const call = DELETED[name] ?? METHODS[name]?.call;
      return call && (() => call(nowhere(world)));
    };

    it('42 each error that the client declares is one that a call is known for, or that nobody gets here', () => {
      const unknown = DECLARED.filter(({ status, name }) => callOf(status, name) === undefined);
      const told = unknown
        .map(({ status, name }) => `${status} ${name}`)
        .filter((one) => NEVER_HERE[one] === undefined);
      expect(told).toEqual([]);
      expect(DECLARED.length).toBeGreaterThan(160);
    });

    it.each(Object.entries(METHODS))(
      '42 %s succeeds with what the client reads',
      async (_, { schema, own = [], call }) => {
        const got = await answersTo(() => call(world));
        expect(got.map(({ status }) => status)).toEqual(got.map(() => (schema === undefined ? 204 : 200)));
        expect(got.length).toBeGreaterThan(0);
        if (schema !== undefined)
          expect(got.flatMap((answer) => faultsOf(schema, answer)).filter((fault) => !own.includes(fault))).toEqual([]);
      },
    );

    const cases = DECLARED.filter(({ status, name }) => NEVER_HERE[`${status} ${name}`] === undefined);
    it.each(cases.map((one) => [`${one.name} is refused with ${one.status}`, one] as const))(
      '42 %s, as the client declares it',
      async (_, { status, name, type, schema }: DeclaredError & { readonly name: string }) => {
        let refused: unknown;
        const call = callOf(status, name) ?? expect.fail('nobody knows how');
        const got: readonly Answer[] = await answersTo(async () => {
          refused = await Promise.resolve(call(world)).then(
            () => 'nothing was refused',
            (error: unknown) => error,
          );
        });
        expect(got.map((answer) => answer.status)).toEqual([status]);
        expect(refused).toBeInstanceOf(type);
        expect(got.flatMap((answer) => faultsOf(schema, answer))).toEqual([]);
      },
    );
  });
};
