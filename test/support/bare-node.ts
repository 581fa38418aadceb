// What a node of a test is given where it does nothing but speak with other nodes.
import type { NodeOptions, NodePorts } from '../../node/node-ports.ts';

export const BARE_CONFIG: NodeOptions['config'] = {
  allowSingleLabel: false,
  allowIpLiteral: false,
  webhookAllow: [],
  logDays: 7,
  indexScope: 'host',
  legacy: 'detect',
};

/** Ports to whom such a node never speaks. */
export const NOTHING_OUTSIDE: Pick<NodePorts, 'resolver' | 'post' | 'resolveOutside' | 'socketTo'> = {
  resolver: { mx: async () => [], a: async () => [], aaaa: async () => [], txt: async () => [] },
  post: () => Promise.reject(new Error('No token is asked for here.')),
  resolveOutside: () => Promise.reject(new Error('No webhook is sent here.')),
  socketTo: () => {
    throw new Error('No mail is sent here.');
  },
};
