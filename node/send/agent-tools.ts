// What an agent's framework is told of the tools. The JSON Schemas of `send_email` and `validate_email` are made from the schemas that
// check a request, but for two members: a tool always waits, so it has no `wait`, and the content of an attachment is base64 text here,
// which the route has put away as a blob by the time it checks. Descriptions are written for a language model: they say what comes back.
import { z } from 'zod';
import { schemaSentence } from '../../mesh/json/schema-sentences.ts';
import { validateRequest } from '../validation/address-verdict.ts';
import { ATTACHMENTS_MAX } from './limits.ts';
import { attachment, sendRequest } from './request/request.ts';

const ADDRESS = 'an email address, "Name <address>", or {"name","address"}';

/** A tool is always answered with what became of the message: it waits by itself. */
type SendArgument = Exclude<keyof typeof sendRequest.shape, 'wait'>;

const SEND_ARGUMENTS: Readonly<Record<SendArgument, string>> = {
  to: `Recipient: ${ADDRESS}; or a list of them`,
  subject: 'One line',
  body: 'The text of the message, plain text',
  html: 'The same message as HTML, beside the text',
  from: "One of the agent's own addresses; default: its primary address",
  agentId: 'The agent that sends; default: the one this server was started for',
  cc: 'Further recipients, visible to all',
  bcc: 'Further recipients, invisible to the others',
  replyTo: 'Where answers should go',
  headers: 'Further headers by name: X-… of your own, List-…, Auto-Submitted and a few more',
  attachments: 'Files, by content: file paths and URLs are not accepted',
  payload: 'Any JSON value for a program at the other end; attached as JSON beside the text',
  inReplyTo: 'Message id (in angle brackets) of the message that this one answers',
  references: 'Message ids of the thread so far',
  sendAt: 'Not before this time, like 2026-01-27T12:00:00Z',
  lifetimeSeconds: 'When it could not be sent within this time, it is given up; default: a day',
  idempotencyKey: 'The same key again sends nothing twice: use one when you repeat a call',
};

/** Over HTTP a content is put away while the body is read (http/send-body.ts); what is sent is base64 text. */
export const attachmentArgument = z.strictObject({
  ...attachment.shape,
  content: z.string().optional().describe('The content of the file in base64'),
  blob: attachment.shape.blob.describe('Instead of content: what POST /api/email/blobs answered'),
});
const { wait: _, ...sendShape } = sendRequest.shape;
const sendEmailInput = z.strictObject(
  described({ ...sendShape, attachments: z.array(attachmentArgument).max(ATTACHMENTS_MAX).optional() }, SEND_ARGUMENTS),
);
const { emails: __, ...validateShape } = validateRequest.shape;
const validateEmailInput = z.strictObject(
  described(
    { ...validateShape, email: z.string() },
    {
      email: 'The address to check',
      checkDeliverability: 'Ask DNS too whether its domain takes mail; default false',
      allowQuotedLocal: 'Accept quotes before the @, like "john doe"@x.com; default false',
      allowDomainLiteral: 'Accept an IP address after the @, like a@[192.0.2.1]; default false',
    },
  ),
);
const emailStatusInput = z.strictObject({ email_id: z.string().describe('As send_email answered it') });
const lookupAddressInput = z.strictObject({
  address: z.string().describe('The address to look up, in the whole mesh of hosts'),
});

export interface Tool<Name extends string = 'send_email' | 'validate_email' | 'get_email_status' | 'lookup_address'> {
  readonly name: Name;
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
export function inputSchemaOf({ input }: Tool<string>): JsonSchema {
  // Nothing is made of an argument by its check, so what may come in is what goes out; and only that shows what is looked at in steps.
  return withTypes(z.toJSONSchema(input, { io: 'output' })) as JsonSchema;
}

type JsonSchema = Readonly<Record<string, unknown>>;

/** A choice says its types as well: not every framework looks into `anyOf`. */
function withTypes(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withTypes);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, withTypes(value)]));
  if (!Array.isArray(inner.anyOf) || inner.type !== undefined) return inner;
  return { type: [...new Set(inner.anyOf.flatMap(({ type }) => type ?? []))], ...inner };
}

/** Why a tool can't be called with these arguments, as a sentence; `undefined` when it can. */
export function whyNotCalledWith({ name, input }: Tool<string>, given: unknown): string | undefined {
  const issue = input.safeParse(given, { error: schemaSentence }).error?.issues[0];
  if (issue === undefined) return undefined;
  const at = issue.path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .slice(1);
  if (issue.code !== 'unrecognized_keys') return `'${at || 'arguments'}' is not valid for ${name}: ${issue.message}.`;
  const unknown = `${at === '' ? '' : `${at}.`}${String(issue.keys[0]).slice(0, 100)}`;
  return `'${unknown}' is not an argument of ${name}, so nothing was done. It takes: ${Object.keys(input.shape).join(', ')}.`;
}

function described<Shape extends Readonly<Record<string, z.ZodType>>>(
  shape: Shape,
  descriptions: Readonly<Record<keyof Shape & string, string>>,
): Shape {
  const entries = Object.entries(shape).map(([name, schema]) => [name, schema.describe(descriptions[name] ?? '')]);
  return Object.fromEntries(entries) as Shape;
}
