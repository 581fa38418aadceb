// What the node tells of its own routes.
import { EMAIL_INDEX_PATH } from '../../mesh/lookup/index-entry.ts';
import { DocumentMaker } from '../http/openapi/document-maker.ts';
import { openApiRoutes } from '../http/routes/openapi.ts';
import type { Module, Parts } from './module.ts';

export function openDocumentModule({ options }: Parts): Module {
  const document = new DocumentMaker(options.version);
  return { routes: (app) => openApiRoutes(app, document, [EMAIL_INDEX_PATH]), shown: { document } };
}
