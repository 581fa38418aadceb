// What hosts of the original ask of each other, where the operator wants it answered.
import { compatRoutes } from '../http/routes/compat.ts';
import type { Module, Parts } from './module.ts';

/** Routes that would fit the paths of agents, whose `:id` takes any word: this module comes first. */
export function openCompatModule({ options, ports, mesh, registry }: Parts): Module {
  if (options.config.compat === undefined) return {};
  const services = {
    ...{ version: options.version, clock: ports.clock, roster: options.roster.current },
    agents: () => registry.table.list(),
    status: () => mesh.claims.store.status(),
    port: () => options.listening().port,
  };
  return { routes: (app) => compatRoutes(app, services) };
}
