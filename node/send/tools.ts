// What an agent's framework is told of the tools: names and members of the seed, as JSON Schemas made from the schemas that check
// the calls, so that the two can't differ. Written for a language model: each description says what comes back.
import { z } from 'zod';

const address = 'an email address, or "Name <address>"';

const sendEmailInput = z.object({
  to: z.union([z.string(), z.array(z.string())]).describe(`Recipient: ${address}; or a list of them`),
  subject: z.string().describe('One line'),
  body: z.string().describe('The text of the message, plain text'),
  html: z.string().optional().describe('The same message as HTML, beside the text'),
  from: z.string().optional().describe("One of the agent's own addresses; default: its primary address"),
  agentId: z.string().optional().describe('The agent that sends; default: the one this server was started for'),
  cc: z.array(z.string()).optional().describe('Further recipients, visible to all'),
  bcc: z.array(z.string()).optional().describe('Further recipients, invisible to the others'),
  replyTo: z.string().optional().describe('Where answers should go'),
  attachments: z
    .array(
      z.object({
        filename: z.string(),
        content: z.string().describe('The content of the file in base64; file paths and URLs are not accepted'),
        contentType: z.string().optional(),
      }),
    )
    .optional(),
  payload: z
    .unknown()
    .optional()
    .describe('Any JSON value for a program at the other end; attached as JSON beside the text'),
  inReplyTo: z.string().optional().describe('Message id (in angle brackets) of the message that this one answers'),
  references: z.array(z.string()).optional().describe('Message ids of the thread so far'),
  sendAt: z.string().optional().describe('Not before this time, like 2026-01-27T12:00:00Z'),
  idempotencyKey: z
    .string()
    .optional()
    .describe('The same key again sends nothing twice: use one when you repeat a call'),
});
const validateEmailInput = z.object({
  email: z.string().describe('The address to check'),
  checkDeliverability: z.boolean().optional().describe('Ask DNS too whether its domain takes mail; default false'),
  allowQuotedLocal: z.boolean().optional().describe('Accept quotes before the @, like "john doe"@x.com; default false'),
  allowDomainLiteral: z
    .boolean()
    .optional()
    .describe('Accept an IP address after the @, like a@[192.0.2.1]; default false'),
});
const emailStatusInput = z.object({ email_id: z.string().describe('As send_email answered it') });
const lookupAddressInput = z.object({
  address: z.string().describe('The address to look up, in the whole mesh of hosts'),
});

export interface Tool {
  readonly name: 'send_email' | 'validate_email' | 'get_email_status' | 'lookup_address';
  readonly description: string;
  readonly input: z.ZodObject;
}

export const TOOLS: readonly Tool[] = [
  {
    name: 'send_email',
    description:
      'Sends an email as one of this agent\'s own addresses. Answers email_id and status: "sent" (the mail server took it), "pending" (it is waiting, and will be tried again by itself: do not send it again, ask get_email_status later) or "failed" (message says why).',
    input: sendEmailInput,
  },
  {
    name: 'validate_email',
    description:
      'Checks whether a text is a valid email address. Answers valid, and the normalized address or the error as a sentence.',
    input: validateEmailInput,
  },
  {
    name: 'get_email_status',
    description:
      'Tells what became of an email that send_email accepted: status, state, each recipient, attempts, and a sentence.',
    input: emailStatusInput,
  },
  {
    name: 'lookup_address',
    description:
      'Tells which agent owns an email address, and on which host; asks all hosts of the mesh. An empty answer means nobody does, unless hosts did not answer (meta.hostsFailed).',
    input: lookupAddressInput,
  },
];

/** JSON Schema 2020-12 of a tool's input. */
export function inputSchemaOf({ input }: Tool): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(input, { io: 'input' });
}
