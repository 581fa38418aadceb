// Keys that clients show, beside the two tokens of the settings.
import { keyRoutes } from '../http/routes/keys.ts';
import type { Module, Parts } from './module.ts';

export function openKeyModule({ keys, ports }: Parts): Module {
  return { routes: (app) => keyRoutes(app, { keys, clock: ports.clock }) };
}
