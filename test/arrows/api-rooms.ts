// What the rooms of the API and of the page may import.
import type { Arrow } from './arrow.ts';

/** What every room of the API may know: a request's parts, the door for what it holds, refusals. */
const HTTP_ROOT = [
  'address-group',
  'agent-cursor',
  'client-address',
  'errors',
  'input',
  'methods',
  'paths',
  'query',
  'raw-headers',
  'shell',
].map((name) => `node/http/${name}.ts`);

/** Those within node/http/ first, which know less than it does. */
export const API_ROOMS: readonly Arrow[] = [
  // Who may ask, judged before any route is looked for; and what every room of the API may know besides.
  ['node/http/gate/', ['node/http/gate/', ...HTTP_ROOT, 'node/keys/', 'node/settings.ts', 'mesh/']],
  ['node/http/streams/', ['node/http/streams/', ...HTTP_ROOT, 'node/changes/', 'mesh/']],
  ['node/http/send/', ['node/http/send/', ...HTTP_ROOT, 'node/send/attachments/', 'node/send/limits.ts', 'mesh/']],
  [
    'node/http/lookup/',
    ['node/http/lookup/', 'node/http/gate/', 'node/http/streams/', ...HTTP_ROOT, 'node/registry/', 'mesh/'],
  ],
  ['node/http/peers/', ['node/http/peers/', 'node/http/gate/', ...HTTP_ROOT, 'node/peers/', 'node/log.ts', 'mesh/']],
  // The connection's side: what it hands over before the application, it hands to these two.
  [
    'node/http/server/',
    [
      'node/http/server/',
      'node/http/lookup/short-look-up.ts',
      'node/http/peers/channel-upgrade.ts',
      ...HTTP_ROOT,
      'node/setting-values.ts',
      'mesh/',
    ],
  ],
  [
    'node/http/',
    [
      'node/http/',
      'node/changes/',
      'node/registry/',
      'node/webhooks/delivery/delivery-view.ts',
      'node/webhooks/delivery/signature.ts',
      'node/webhooks/custom-headers.ts',
      'node/webhooks/secrets.ts',
      'node/webhooks/subscription-view.ts',
      'node/webhooks/webhooks.ts',
      'node/send/agent-tools.ts',
      'node/send/limits.ts',
      'node/send/log-page.ts',
      'node/send/message.ts',
      'node/send/send-service.ts',
      'node/send/request/request.ts',
      'node/send/attachments/',
      'node/send/bounces/',
      'node/validation/',
      'node/backup/backups.ts',
      'node/compat/',
      'node/keys/',
      'node/admission/',
      'node/conflicts/',
      'node/feed/feed-server.ts',
      'node/feed/host-follower.ts',
      'node/feed/relay-server.ts',
      'node/peers/',
      'node/log.ts',
      'node/setting-values.ts',
      'node/settings.ts',
      'mesh/',
    ],
  ],
  // For browsers: it asks what the routes ask, and nothing but the modules knows of it.
  [
    'node/page/',
    [
      'node/page/',
      'node/http/',
      'node/changes/',
      'node/registry/',
      'node/webhooks/delivery/delivery-view.ts',
      'node/webhooks/subscription-view.ts',
      'node/webhooks/webhooks.ts',
      'node/send/message.ts',
      'node/send/send-service.ts',
      'node/conflicts/',
      'node/feed/copy.ts',
      'node/peers/heartbeat/presence.ts',
      'node/log.ts',
      'node/settings.ts',
      'mesh/',
    ],
  ],
];
