// What needs no account, as the document tells of it: whether an address could be written to, and the tools of agents.
import { z } from 'zod';
import { request } from '../routes/validation.ts';
import { answer, json, type PathGroup } from './operation.ts';

const verdict = z
  .union([
    z.object({
      email: z.string(),
      valid: z.literal(true),
      normalized: z.string(),
      local: z.string(),
      domain: z.string(),
      ascii_email: z.string().nullable(),
      ascii_local: z.string().nullable(),
      ascii_domain: z.string(),
      smtputf8: z.boolean(),
      domain_address: z.string().optional(),
      deliverable: z.boolean().nullable().optional(),
      mx: z.array(z.unknown()).nullable().optional(),
    }),
    z.object({ email: z.string(), valid: z.literal(false), error: z.string(), error_code: z.string().optional() }),
  ])
  .meta({ id: 'AddressVerdict' });
const jsonSchema = z.looseObject({ type: z.string() });

export const addressToolPaths: PathGroup = {
  tag: 'Tools',
  about: 'For agents and their frameworks. Needs no account.',
  paths: {
    '/api/email/validate': {
      POST: {
        id: 'validateAddress',
        summary: 'Whether an address could be written to',
        more: 'With `email` one verdict, with `emails` a list of them.',
        body: { content: json(request, { email: 'titania@x.com' }) },
        answers: {
          200: answer('The verdict, or the verdicts.', z.union([z.object({ results: z.array(verdict) }), verdict])),
        },
      },
    },
    '/api/email/tools': {
      GET: {
        id: 'listTools',
        summary: 'JSON Schemas of the tools that frameworks offer to their agents',
        query: z.object({
          format: z.string().optional().meta({ description: '`openai`: in that form.', example: 'openai' }),
        }),
        answers: {
          200: answer(
            'The tools.',
            z.object({
              tools: z.array(
                z.union([
                  z.object({ name: z.string(), description: z.string(), inputSchema: jsonSchema }),
                  z.object({
                    type: z.literal('function'),
                    function: z.object({ name: z.string(), description: z.string(), parameters: jsonSchema }),
                  }),
                ]),
              ),
            }),
          ),
        },
      },
    },
  },
};
