// What the original's clients send when they create an agent, and what of it means something here.
import { isMap } from '../../mesh/json/foreign-json.ts';

/** Members of an agent that the original keeps and this node does not. */
const FOREIGN = new Set([
  ...['alias', 'avatar', 'program', 'programArgs', 'model', 'taskDescription', 'tags', 'capabilities', 'owner', 'role'],
  ...['team', 'documentation', 'workingDirectory', 'createSession', 'deployment', 'deploymentType', 'permissionMode'],
  ...[
    'preferences',
    'skills',
    'hooks',
    'meshAware',
    'runtime',
    'sandbox',
    'hostId',
    'hostName',
    'hostUrl',
    'displayName',
  ],
  ...['sessions', 'status', 'metrics', 'launchCount', 'createdAt', 'lastActive'],
]);
const FOREIGN_TOOLS = new Set(['session', 'amp', 'cloud', 'repositories']);
/** Members by which a request said its one address, before there could be several. */
const FOREIGN_EMAIL = new Set(['address', 'provider']);

export interface UnderstoodBody {
  readonly body: unknown;
  /** What was left out, a sentence each. */
  readonly warnings: readonly string[];
}

/** The body without the original's own members. What neither of the two knows stays, and is refused like any misspelt member. */
export function understoodBody(given: unknown): UnderstoodBody {
  if (!isMap(given)) return { body: given, warnings: [] };
  const warnings: string[] = [];
  const without = (part: unknown, foreign: ReadonlySet<string>, where: string): unknown => {
    if (!isMap(part)) return part;
    const left = Object.keys(part).filter((member) => foreign.has(member));
    warnings.push(...left.map((member) => `'${where}${member}' means nothing here and was left out.`));
    return Object.fromEntries(Object.entries(part).filter(([member]) => !foreign.has(member)));
  };
  const body = without(given, FOREIGN, '') as Record<string, unknown>;
  if (body.name === undefined && typeof given.alias === 'string') body.name = given.alias;
  if (!isMap(body.tools)) return { body, warnings };
  const tools = without(body.tools, FOREIGN_TOOLS, 'tools.') as Record<string, unknown>;
  const email = without(tools.email, FOREIGN_EMAIL, 'tools.email.');
  return { body: { ...body, tools: { ...tools, ...(email === undefined ? {} : { email }) } }, warnings };
}
