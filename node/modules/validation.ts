// Whether an address could be written to.
import { validationRoutes } from '../http/routes/validation.ts';
import type { Module, Parts } from './module.ts';

export function openValidationModule({ ports }: Parts): Module {
  return { routes: (app) => validationRoutes(app, ports.resolver, ports.clock) };
}
