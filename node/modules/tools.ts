// The schemas of the tools that agent frameworks offer to their agents.
import { toolRoutes } from '../http/routes/tools.ts';
import type { Module } from './module.ts';

export function openToolModule(): Module {
  return { routes: toolRoutes };
}
