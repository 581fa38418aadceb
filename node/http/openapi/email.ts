// Mail that agents send, as the document tells of it.
import { z } from 'zod';
import { attachmentArgument } from '../../send/agent-tools.ts';
import { bounceReport } from '../../send/bounces/bounce-report.ts';
import { suppressionRequest } from '../../send/bounces/suppressions.ts';
import { ATTACHMENTS_MAX } from '../../send/limits.ts';
import { MESSAGE_STATES } from '../../send/message.ts';
import { sendRequest } from '../../send/request/request.ts';
import { pageQuery } from '../page-query.ts';
import { logQuery } from '../routes/email.ts';
import { answer, count, json, moment, type PathGroup, removed } from './operation.ts';

const recipient = z.object({
  address: z.string(),
  kind: z.enum(['to', 'cc', 'bcc']),
  state: z.enum(['pending', 'sent', 'failed', 'unknown', 'bounced', 'suppressed', 'cancelled', 'expired']),
  code: z.int().optional(),
  enhanced: z.string().optional(),
  reply: z.string().optional(),
});
const email = z
  .object({
    email_id: z.string(),
    status: z.enum(['sent', 'failed', 'pending']),
    message: z.string(),
    timestamp: moment,
    recipient: z.string(),
    subject: z.string(),
    state: z.enum(MESSAGE_STATES),
    messageId: z.string(),
    from: z.string(),
    recipients: z.array(recipient),
  })
  .meta({ id: 'Email' });
const status = email
  .safeExtend({
    found: z.literal(true),
    sent_at: moment.nullable(),
    last_updated: moment,
    delivery_attempts: count,
    created_at: moment,
    expires_at: moment,
    next_attempt_at: moment.nullable(),
    account: z.string().nullable(),
    agentId: z.string(),
  })
  .meta({ id: 'EmailStatus' });
const suppression = z
  .object({
    address: z.string(),
    reason: suppressionRequest.shape.reason.unwrap(),
    detail: z.string().optional(),
    since: moment,
    expiresAt: z.string().optional(),
  })
  .meta({ id: 'Suppression' });
const explanation = z.object({
  from: z.object({ name: z.string(), address: z.string() }),
  agent: z.object({ id: z.string(), name: z.string() }),
  account: z.string().nullable(),
  accounts: z.array(z.object({ id: z.string(), usable: z.boolean(), why: z.string() })),
  security: z.string().optional(),
  signedBy: z.string().nullable().optional(),
  recipients: z.array(
    z.object({
      address: z.string(),
      kind: z.enum(['to', 'cc', 'bcc']),
      envelope: z.string(),
      smtputf8: z.boolean(),
      suppressed: suppression.optional(),
    }),
  ),
  smtputf8: z.boolean(),
  sendAt: moment,
  expiresAt: moment,
  attachments: z.array(
    z.object({ filename: z.string(), contentType: z.string().optional(), blob: z.string(), bytes: count }),
  ),
  headers: z.record(z.string(), z.string()),
});
const account = z.object({
  id: z.string(),
  preset: z.string().nullable(),
  host: z.string(),
  port: z.int(),
  security: z.string(),
  auth: z.string(),
  senders: z.array(z.string()),
  connectionsMax: z.int(),
  ratePerHour: z.number().nullable(),
  dkim: z.object({ domain: z.string(), selector: z.string() }).nullable(),
  health: z.enum(['ok', 'failing', 'open']),
  lastError: z.string().optional(),
  lastErrorAt: moment.optional(),
  retryAt: moment.optional(),
  sentLastHour: count,
});
const provider = z.object({
  id: z.string(),
  name: z.string(),
  host: z.string(),
  port: z.int(),
  security: z.enum(['tls', 'starttls']),
});

/** A content is put away while the body is read, before it is checked; what is sent is base64 text. */
const sendBody = z.strictObject({
  ...sendRequest.shape,
  attachments: z.array(attachmentArgument).max(ATTACHMENTS_MAX).optional(),
});
const MAIL = { to: 'puck@y.com', subject: 'Midsummer', body: 'Come at once.', from: 'titania@x.com' };
const OF_SENDS = [
  'sending_not_configured',
  'sender_not_owned',
  'invalid_address',
  'invalid_json',
  'overloaded',
  'request_timeout',
  'store_full',
] as const;
const onlyOne = answer('As it is now.', status);
const wait = z.object({
  wait: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: '`true`: the answer comes when it has ended, or after 30 s.' }),
});
const whoSends = z.object({
  'X-Agent-Id': z.string().optional().meta({ description: 'The agent that sends, where the body does not say it.' }),
  'Idempotency-Key': z.string().optional().meta({ description: 'The same key again sends nothing twice.' }),
});

export const emailPaths: PathGroup = {
  tag: 'Sending',
  about:
    'Mail of the agents of this host, over accounts of the operator. Without an account, sending is refused with `sending_not_configured`.',
  paths: {
    '/api/email/send': {
      POST: {
        id: 'sendEmail',
        summary: 'Sends a mail as one of an agent’s addresses',
        more: 'It is accepted once it is on the disk, and tried until it is sent or its life is over.',
        query: wait,
        headers: whoSends,
        body: { content: json(sendBody, MAIL) },
        answers: {
          202: answer('It is accepted.', email, {
            headers: z.object({ Location: z.string(), 'Idempotent-Replayed': z.string().optional() }),
          }),
          200: answer('It was waited for, and has ended.', email, {
            headers: z.object({ Location: z.string(), 'Idempotent-Replayed': z.string().optional() }),
          }),
        },
        refusals: [...OF_SENDS, 'idempotency_mismatch', 'limit_exceeded', 'not_found'],
      },
    },
    '/api/email/explain': {
      POST: {
        id: 'explainEmail',
        summary: 'What a send would do, as whom, through which account, and why; sends nothing',
        headers: whoSends,
        query: wait,
        body: { content: json(sendBody, MAIL) },
        answers: { 200: answer('What would happen.', explanation) },
        refusals: [...OF_SENDS, 'not_found'],
      },
    },
    '/api/email/status/:id': {
      GET: { id: 'getEmail', summary: 'What became of a mail', answers: { 200: answer('Its status.', status) } },
    },
    '/api/email/log': {
      GET: {
        id: 'listEmails',
        summary: 'Mails, the newest first',
        query: logQuery,
        answers: {
          200: answer('A page.', z.object({ emails: z.array(status), nextCursor: z.string().optional() })),
        },
      },
    },
    '/api/email/providers': {
      GET: {
        id: 'listProviders',
        summary: 'Presets of providers, and the accounts with their health',
        answers: {
          200: answer('Both.', z.object({ providers: z.array(provider), accounts: z.array(account) })),
        },
      },
    },
    '/api/email/:id/cancel': {
      POST: {
        id: 'cancelEmail',
        summary: 'Ends a mail that still waits',
        answers: { 200: onlyOne },
        refusals: ['not_cancellable'],
      },
    },
    '/api/email/:id/resend': {
      POST: {
        id: 'resendEmail',
        summary: 'Sends a mail again that failed, expired or is unknown',
        answers: { 202: answer('It is sent again.', status) },
        refusals: ['not_resendable', 'sending_not_configured'],
      },
    },
    '/api/email/:id/attachments': {
      DELETE: {
        id: 'letAttachmentsGo',
        summary: 'Lets go of the attachments of a mail that is not sent again',
        answers: { 200: onlyOne },
        refusals: ['conflict'],
      },
    },
    '/api/email/blobs': {
      POST: {
        id: 'uploadBlob',
        summary: 'Uploads an attachment, to be named by mails within a day',
        body: { content: { 'application/octet-stream': { schema: z.string().meta({ description: 'The octets.' }) } } },
        answers: { 201: answer('It is stored.', z.object({ blob: z.string(), bytes: count })) },
        refusals: ['sending_not_configured', 'overloaded', 'request_timeout', 'store_full'],
      },
    },
    '/api/email/bounces': {
      POST: {
        id: 'reportBounce',
        summary: 'Mail that came back',
        body: {
          content: {
            ...json(bounceReport, {
              messageId: '<id@x.com>',
              recipients: [{ address: 'puck@y.com', status: '5.1.1' }],
            }),
            'message/rfc822': {
              schema: z.string().meta({ description: 'A delivery status notification as it was received (RFC 3464).' }),
            },
          },
        },
        answers: {
          200: answer(
            'The mail that bounced, and whom nobody here writes to any more.',
            status.safeExtend({ suppressed: z.array(z.string()) }).meta({ id: 'BouncedEmail' }),
          ),
        },
        refusals: ['not_found', 'overloaded', 'request_timeout'],
      },
    },
    '/api/email/suppressions': {
      GET: {
        id: 'listSuppressions',
        summary: 'Whom this host writes to no more',
        query: pageQuery(),
        answers: {
          200: answer('A page.', z.object({ suppressions: z.array(suppression), nextCursor: z.string().optional() })),
        },
      },
      POST: {
        id: 'suppress',
        summary: 'Writes to an address no more',
        body: { content: json(suppressionRequest, { address: 'puck@y.com', reason: 'opt_out' }) },
        answers: { 201: answer('It stands.', suppression) },
        refusals: ['invalid_address', 'store_full'],
      },
    },
    '/api/email/suppressions/:address': {
      DELETE: { id: 'unsuppress', summary: 'Writes to an address again', answers: { 200: removed } },
    },
  },
};
