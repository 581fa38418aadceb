// GET /openapi.json: every route of this node, for programs.
import type { Hono } from 'hono';
import { JSON_TYPE } from '../lookup/federated-answer.ts';
import { resource } from '../methods.ts';
import type { DocumentMaker } from '../openapi/document-maker.ts';
import { OPENAPI_PATH } from '../paths.ts';

/** Tells of the routes that stand in the application by then, and of `more`, which are served elsewhere. */
export function openApiRoutes(app: Hono, document: DocumentMaker, more: readonly string[]): void {
  document.tellOf(() => [...app.routes.map(({ path }) => path), ...more]);
  resource(app, OPENAPI_PATH, { GET: async (c) => c.body(await document.text(), 200, JSON_TYPE) });
}
