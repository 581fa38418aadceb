// GET /openapi.json: every route of this node, for programs.
import type { Hono } from 'hono';
import { JSON_TYPE } from '../federated-answer.ts';
import { resource } from '../methods.ts';
import { OPENAPI_PATH } from '../paths.ts';

/** Tells of the routes that stand in the application by now, and of `more`, which are served elsewhere. */
export function openApiRoutes(app: Hono, version: string, more: readonly string[]): void {
  let text: Promise<string> | undefined;
  resource(app, OPENAPI_PATH, {
    GET: async (c) => {
      text ??= documentText(version, [...app.routes.map(({ path }) => path), ...more]);
      return c.body(await text, 200, JSON_TYPE);
    },
  });
}

/** Loaded when it is asked for: few nodes are, and all would have its schemas in memory. */
async function documentText(version: string, paths: readonly string[]): Promise<string> {
  const { openApiDocument } = await import('../openapi/document.ts');
  return JSON.stringify(openApiDocument({ version, paths }));
}
