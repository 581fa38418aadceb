// What the rooms of the webhooks may import.
import type { Arrow } from './arrow.ts';

/** From what knows least to what knows most. */
export const WEBHOOK_ROOMS: readonly Arrow[] = [
  // Receivers import it by itself, so it can know nothing of a node.
  ['node/webhooks/receiver/', ['node/webhooks/receiver/']],
  ['node/webhooks/guard/', ['node/webhooks/guard/', 'node/webhooks/limits.ts', 'mesh/']],
  // Below the deliveries: when an attempt is made again, what is written, in which order, and how it is sent.
  ['node/webhooks/schedule/', ['node/webhooks/schedule/', 'mesh/']],
  [
    'node/webhooks/records/',
    [
      'node/webhooks/records/',
      'node/webhooks/webhook-records.ts',
      'node/changes/',
      'node/store/',
      'node/log.ts',
      'mesh/',
    ],
  ],
  [
    'node/webhooks/lanes/',
    [
      'node/webhooks/lanes/',
      'node/webhooks/records/',
      'node/webhooks/schedule/',
      'node/webhooks/epochs.ts',
      'node/webhooks/webhook-records.ts',
      'node/changes/',
      'mesh/',
    ],
  ],
  [
    'node/webhooks/sender/',
    ['node/webhooks/sender/', 'node/webhooks/schedule/', 'node/webhooks/guard/', 'node/webhooks/limits.ts', 'mesh/'],
  ],
  [
    'node/webhooks/delivery/',
    [
      'node/webhooks/delivery/',
      'node/webhooks/lanes/',
      'node/webhooks/records/',
      'node/webhooks/schedule/',
      'node/webhooks/sender/sender.ts',
      'node/webhooks/guard/',
      'node/webhooks/limits.ts',
      'node/webhooks/epochs.ts',
      'node/webhooks/secrets.ts',
      'node/webhooks/webhook-records.ts',
      'node/changes/',
      'node/store/',
      'node/log.ts',
      'mesh/',
    ],
  ],
  ['node/webhooks/', ['node/webhooks/', 'node/changes/', 'node/store/', 'node/log.ts', 'mesh/']],
];
