// `/api/email/validate`: whether an address could be written to. Needs no account, and is always there.
import type { Hono } from 'hono';
import { MeshError } from '../../../mesh/errors.ts';
import type { Clock } from '../../../mesh/ports.ts';
import { inTurns } from '../../../mesh/time/turns.ts';
import { validateEmail, validateRequest } from '../../validation/address-verdict.ts';
import { checkDeliverability, type Resolver } from '../../validation/deliverability.ts';
import { readJson } from '../input.ts';
import { resource } from '../methods.ts';

export const request = validateRequest.refine(({ email, emails }) => (email === undefined) !== (emails === undefined), {
  error: "must have 'email', or a list 'emails'",
  path: ['email'],
});
/** Addresses of one request whose domains are asked for at once. */
const LOOKUPS_MAX = 50;

export function validationRoutes(app: Hono, resolver: Resolver, clock: Clock): void {
  resource(app, '/api/email/validate', {
    POST: async (c) => {
      const { email, emails, checkDeliverability: isAsked = false, ...options } = await readJson(c, request);
      if (isAsked && (emails?.length ?? 0) > LOOKUPS_MAX)
        throw new MeshError(
          'invalid_request',
          `'emails' has more than ${LOOKUPS_MAX} addresses, the most whose domains are looked up at once.`,
          { field: 'emails' },
        );
      const judge = async (text: string) => {
        const result = validateEmail(text, options);
        // An address of a machine is in no DNS.
        if (!isAsked || !result.valid || result.domain_address !== undefined) return result;
        const found = await checkDeliverability(result.ascii_domain, result.domain, resolver);
        return found.deliverable === false ? { email: text, valid: false, ...found } : { ...result, ...found };
      };
      if (email !== undefined) return c.json(await judge(email));
      const results: ReturnType<typeof judge>[] = [];
      await inTurns(emails ?? [], clock, (text) => results.push(judge(text)));
      return c.json({ results: await Promise.all(results) });
    },
  });
}
