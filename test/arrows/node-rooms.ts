// What all other rooms of the node may import.
import type { Arrow } from './arrow.ts';

/** The node's own files come last: what has no row of its own. */
export const NODE_ROOMS: readonly Arrow[] = [
  [
    'node/conflicts/',
    ['node/conflicts/', 'node/registry/', 'node/store/', 'node/mesh-events.ts', 'node/log.ts', 'mesh/'],
  ],
  ['node/admission/', ['node/admission/', 'node/store/', 'node/log.ts', 'mesh/']],
  // Makes a data directory before there is a node.
  [
    'node/setup/',
    [
      'node/setup/',
      'node/admission/',
      'node/peers/keys/hello.ts',
      'node/store/',
      'node/system/host-key.ts',
      'node/defaults.ts',
      'node/setting-values.ts',
      'node/log.ts',
      'mesh/',
    ],
  ],
  ['node/background-work.ts', ['node/store/refusals.ts', 'mesh/']],
  ['node/keys/', ['node/keys/', 'node/store/', 'mesh/']],
  ['node/compat/', ['node/compat/', 'mesh/']],
  ['node/forward/', ['node/forward/', 'node/webhooks/guard/', 'mesh/']],
  // It knows which records of which room are secrets, and which must not come back as they were.
  [
    'node/backup/',
    [
      'node/backup/',
      'node/admission/invitations.ts',
      'node/changes/change-records.ts',
      'node/changes/log-end.ts',
      'node/keys/key-records.ts',
      'node/mailbox/store/database-copy.ts',
      'node/registry/',
      'node/send/message.ts',
      'node/send/message-records.ts',
      'node/store/',
      'node/system/host-key.ts',
      'node/webhooks/delivery/signature.ts',
      'node/webhooks/webhook-records.ts',
      'node/log.ts',
      'mesh/',
    ],
  ],
  ['node/claims.ts', ['node/store/', 'node/log.ts', 'mesh/']],
  ['node/feed/', ['node/feed/', 'node/changes/', 'node/store/', 'node/log.ts', 'mesh/']],
  ['node/registry/', ['node/registry/', 'node/changes/', 'node/store/', 'node/log.ts', 'mesh/']],
  ['node/changes/', ['node/changes/', 'node/store/', 'node/log.ts', 'mesh/']],
  ['node/validation/', ['node/validation/', 'mesh/']],
  // It stands before ports of other rooms, and none of them knows of it.
  [
    'node/metrics/',
    [
      'node/metrics/',
      'node/send/mailer.ts',
      'node/store/commits/log-disk.ts',
      'node/webhooks/sender/sender.ts',
      'mesh/',
    ],
  ],
  // Programs of their own, which talk to a running node over HTTP.
  ['node/cli/', ['node/cli/', 'node/mailbox/mbox.ts', 'node/send/agent-tools.ts', 'node/log.ts', 'mesh/']],
  // A program of its own that looks at everything from outside, with the parts that a node is made of.
  [
    'node/doctor/',
    [
      'node/doctor/',
      'node/cli/',
      'node/dns/',
      'node/peers/',
      'node/secret.ts',
      'node/send/account.ts',
      'node/send/accounts/',
      'node/send/smtp/',
      'node/settings.ts',
      'node/store/schema.ts',
      'node/system/',
      'node/validation/deliverability.ts',
      'mesh/',
    ],
  ],
  ['node/store/', ['node/store/', 'node/log.ts', 'mesh/']],
  // Who a peer is, below how it is reached, below what is said to it.
  ['node/peers/keys/', ['node/peers/keys/', 'node/peers/forgotten-hosts.ts', 'node/store/', 'node/log.ts', 'mesh/']],
  ['node/peers/connections/', ['node/peers/connections/', 'node/peers/keys/', 'node/dns/', 'mesh/']],
  [
    'node/peers/channel/',
    ['node/peers/channel/', 'node/peers/connections/', 'node/peers/keys/', 'node/log.ts', 'mesh/'],
  ],
  [
    'node/peers/legacy/',
    [
      'node/peers/legacy/',
      'node/peers/keys/',
      'node/peers/forgotten-hosts.ts',
      'node/peers/introductions.ts',
      'node/store/',
      'node/log.ts',
      'mesh/',
    ],
  ],
  [
    'node/peers/heartbeat/',
    [
      'node/peers/heartbeat/',
      'node/peers/legacy/',
      'node/peers/keys/',
      'node/peers/introductions.ts',
      'node/log.ts',
      'mesh/',
    ],
  ],
  ['node/peers/', ['node/peers/', 'node/dns/', 'node/store/', 'node/log.ts', 'mesh/']],
  ['node/engines/', ['node/engines/', 'node/dns/', 'node/secret.ts', 'mesh/']],
  ['node/dns/', ['node/dns/', 'node/validation/deliverability.ts', 'mesh/']],
  // The real side of ports, each beside the type of its port.
  [
    'node/system/',
    [
      'node/system/',
      'node/store/',
      'node/log.ts',
      'node/send/attachments/blob-shares.ts',
      'node/send/attachments/blob-store.ts',
      'node/send/accounts/access-tokens.ts',
      'node/send/limits.ts',
      'mesh/',
    ],
  ],
  ['node/mailbox-settings.ts', ['node/setting-values.ts', 'mesh/']],
  ['node/setting-values.ts', ['node/defaults.ts', 'node/secret.ts', 'node/webhooks/guard/allow-list.ts', 'mesh/']],
  [
    'node/settings.ts',
    [
      'node/defaults.ts',
      'node/mailbox-settings.ts',
      'node/setting-values.ts',
      'node/secret.ts',
      'node/webhooks/guard/allow-list.ts',
      'mesh/',
    ],
  ],
  ['node/', ['node/log.ts', 'node/secret.ts', 'mesh/']],
];
