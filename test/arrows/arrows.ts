// Which room may import which: the table that `test/architecture.test.ts` holds the code against, a file for each part of the program.
import { API_ROOMS } from './api-rooms.ts';
import type { Arrow } from './arrow.ts';
import { MAILBOX_ROOMS } from './mailbox-rooms.ts';
import { MESH_ROOMS } from './mesh-rooms.ts';
import { NODE_ROOMS } from './node-rooms.ts';
import { SEND_ROOMS } from './send-rooms.ts';
import { WEBHOOK_ROOMS } from './webhook-rooms.ts';

/** What every room of the node may import besides: it knows no other room. */
export const MACHINE = 'node/machine/';

/** What puts the rooms together. */
const ROOT: readonly Arrow[] = [
  ['node/main.ts', ['node/', 'mesh/']],
  ['node/command.ts', ['node/', 'mesh/']],
  ['node/serve.ts', ['node/', 'mesh/']],
  ['node/node.ts', ['node/', 'mesh/']],
  ['node/node-ports.ts', ['node/', 'mesh/']],
  // Above the rooms that they put together, below the root, which lists them.
  ['node/modules/', ['node/', 'mesh/']],
  [
    'node/mesh-module.ts',
    ['node/claims.ts', 'node/mesh-events.ts', 'node/peers/', 'node/registry/', 'node/store/', 'node/log.ts', 'mesh/'],
  ],
];

/** What each room may import, the first that fits. Everything else is refused. */
export const ARROWS: readonly Arrow[] = [
  ...MESH_ROOMS,
  ...ROOT,
  ...API_ROOMS,
  ...WEBHOOK_ROOMS,
  ...SEND_ROOMS,
  ...MAILBOX_ROOMS,
  [MACHINE, ['mesh/']],
  ...NODE_ROOMS,
  ['scripts/', ['scripts/', 'node/', 'mesh/', 'test/support/']],
];
