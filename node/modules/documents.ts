// What the node tells of its own routes.
import { EMAIL_INDEX_PATH } from '../../mesh/lookup/index-entry.ts';
import { openApiRoutes } from '../http/routes/openapi.ts';
import type { Module, Parts } from './module.ts';

export function openDocumentModule({ options }: Parts): Module {
  return { routes: (app) => openApiRoutes(app, options.version, [EMAIL_INDEX_PATH]) };
}
