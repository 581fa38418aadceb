// What the rooms of the send module may import.
import type { Arrow } from './arrow.ts';

/**
 * What every room of the send module may know: the message, its states and records, the port that sends it, through which account,
 * and what a server replies.
 */
const SEND_ROOT = [
  'account',
  'header-text',
  'limits',
  'log-page',
  'mailer',
  'message',
  'message-records',
  'message-states',
  'reply-codes',
].map((name) => `node/send/${name}.ts`);

/** From what knows least to what knows most. */
export const SEND_ROOMS: readonly Arrow[] = [
  ['node/send/attachments/', ['node/send/attachments/', ...SEND_ROOT, 'node/log.ts', 'mesh/']],
  ['node/send/accounts/', ['node/send/accounts/', ...SEND_ROOT, 'node/secret.ts', 'mesh/']],
  ['node/send/bounces/', ['node/send/bounces/', ...SEND_ROOT, 'node/store/', 'node/log.ts', 'mesh/']],
  [
    'node/send/request/',
    [
      'node/send/request/',
      'node/send/attachments/',
      'node/send/account.ts',
      'node/send/send-service.ts',
      ...SEND_ROOT,
      'mesh/',
    ],
  ],
  [
    'node/send/smtp/',
    [
      'node/send/smtp/',
      'node/send/attachments/content-type.ts',
      'node/send/account.ts',
      ...SEND_ROOT,
      'node/secret.ts',
      'node/log.ts',
      'mesh/',
    ],
  ],
  [
    'node/send/queue/',
    [
      'node/send/queue/',
      'node/send/accounts/',
      'node/send/attachments/',
      'node/send/bounces/',
      ...SEND_ROOT,
      'node/changes/change-log.ts',
      'node/store/',
      'node/log.ts',
      'mesh/',
    ],
  ],
  // Below the rooms of the module, which all know them: an arrow from here into one of those rooms would close a circle of rooms.
  ...SEND_ROOT.map(
    (path) => [path, [...SEND_ROOT, 'node/changes/change-log.ts', 'node/secret.ts', 'node/store/', 'mesh/']] as const,
  ),
  ['node/send/agent-tools.ts', ['node/send/request/', 'node/send/limits.ts', 'node/validation/', 'mesh/']],
  ['node/send/', ['node/send/', 'node/changes/change-log.ts', 'node/store/', 'node/log.ts', 'mesh/']],
];
