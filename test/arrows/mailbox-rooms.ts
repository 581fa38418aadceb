// What the rooms of the mailbox may import.
import type { Arrow } from './arrow.ts';

/** What every room of the mailbox may know: a mail, an inbox, their bounds. */
const MAILBOX_ROOT = [
  'api-key',
  'domain',
  'domain-body',
  'domain-records',
  'draft',
  'event',
  'inbox',
  'label',
  'label-event',
  'lease',
  'lease-question',
  'list',
  'list-decision',
  'list-entry',
  'ingest-question',
  'report',
  'loop-brake',
  'mail-archive',
  'mail-bodies',
  'mbox',
  'message',
  'metric',
  'outgoing-mail',
  'overview',
  'permission',
  'pod',
  'question-port',
  'questions',
  'recipient-question',
  'retention',
  'search-question',
  'search-text',
  'scope',
  'stored-mail',
  'unsubscribe',
].map((name) => `node/mailbox/${name}.ts`);

/** From what knows least to what knows most. */
export const MAILBOX_ROOMS: readonly Arrow[] = [
  // Workers import it by itself, so it can know nothing of a node.
  ['node/mailbox/worker/', ['node/mailbox/worker/']],
  // Parsing, threading and storing know each other by the types of a mail alone.
  ['node/mailbox/text/', ['node/mailbox/text/', ...MAILBOX_ROOT, 'mesh/']],
  ['node/mailbox/threads/', ['node/mailbox/threads/', ...MAILBOX_ROOT, 'mesh/']],
  [
    'node/mailbox/store/query-worker.ts',
    ['node/mailbox/store/', 'node/mailbox/text/', 'node/mailbox/http/mail-octets.ts', ...MAILBOX_ROOT, 'mesh/'],
  ],
  ['node/mailbox/store/', ['node/mailbox/store/', ...MAILBOX_ROOT, 'mesh/']],
  [
    'node/mailbox/intake/',
    [
      'node/mailbox/intake/',
      'node/mailbox/store/',
      'node/mailbox/text/',
      'node/mailbox/threads/',
      'node/mailbox/disk-room.ts',
      ...MAILBOX_ROOT,
      'node/system/clock.ts',
      'node/system/random.ts',
      'node/log.ts',
      'mesh/',
    ],
  ],
  // For browsers: what it adds to the page of the node, which knows nothing of it.
  [
    'node/mailbox/page/',
    ['node/mailbox/', 'node/page/', 'node/http/errors.ts', 'node/http/input.ts', 'node/send/message.ts', 'mesh/'],
  ],
  [
    'node/mailbox/',
    [
      'node/mailbox/',
      'node/changes/change-log.ts',
      'node/http/client-address.ts',
      'node/http/input.ts',
      'node/http/paths.ts',
      'node/http/send/',
      'node/keys/key-text.ts',
      'node/metrics/measure.ts',
      'node/registry/agent.ts',
      'node/registry/registry.ts',
      'node/store/',
      // A webhook of AgentMail's clients is one of the node, in another form.
      'node/webhooks/',
      'node/mailbox-settings.ts',
      // What it sends goes by the send module, and is checked and composed by the same rules.
      'node/send/attachments/',
      'node/send/bounces/bounce-report.ts',
      'node/send/request/',
      'node/send/smtp/composer.ts',
      // A domain that somebody brings has a key that signs what is sent from it.
      'node/send/account.ts',
      'node/secret.ts',
      'node/send/header-text.ts',
      'node/send/limits.ts',
      'node/send/message.ts',
      'node/send/send-service.ts',
      'node/webhooks/guard/connector.ts',
      'node/log.ts',
      'mesh/',
    ],
  ],
];
