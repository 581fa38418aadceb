// `/api/email/tools`: the schemas of the tools that agent frameworks offer to their agents. Needs no account, and is always there.
import type { Hono } from 'hono';
import { inputSchemaOf, TOOLS } from '../../send/agent-tools.ts';
import { resource } from '../methods.ts';
import { decodeQuery, readQuery } from '../query.ts';

export function toolRoutes(app: Hono): void {
  resource(app, '/api/email/tools', {
    GET: (c) => {
      const { format } = readQuery(c.req.url, ['format']);
      const tools = TOOLS.map((tool) => ({
        name: tool.name,
        description: tool.description,
        schema: inputSchemaOf(tool),
      }));
      if (format !== undefined && decodeQuery(format) === 'openai')
        return c.json({
          tools: tools.map(({ schema, ...rest }) => ({ type: 'function', function: { ...rest, parameters: schema } })),
        });
      return c.json({ tools: tools.map(({ schema, ...rest }) => ({ ...rest, inputSchema: schema })) });
    },
  });
}
