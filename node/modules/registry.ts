// The agents of this host and their addresses.
import { understoodBody } from '../compat/create-body.ts';
import { addressRoutes } from '../http/routes/addresses.ts';
import { agentRoutes } from '../http/routes/agents.ts';
import type { Module, Parts } from './module.ts';

export function openRegistryModule({ options, ports, registry }: Parts): Module {
  return {
    measures: [
      {
        kind: 'gauge',
        name: 'mesh_agents',
        help: 'Agents of this host.',
        read: () => registry.table.size,
      },
    ],
    routes: (app) => {
      agentRoutes(app, registry, ports.clock, options.config.compat === undefined ? undefined : understoodBody);
      addressRoutes(app, registry);
    },
    run: async (signal) => {
      await Promise.all([registry.check(signal), registry.forgetGone(signal)]);
    },
  };
}
