// The methods of AgentMail's client, found in that client itself, so that one that a later release adds is missed by name.
import type { AgentMailClient } from 'agentmail';

/** Neither of them asks one question of the API: a request of the caller's own, and a socket. */
const OTHERS = new Set(['fetch', 'websockets.connect']);

/** Names like `inboxes.messages.get`; those of a class that another one extends are among them. */
export function methodsOf(client: AgentMailClient): readonly string[] {
  return [...namesIn(client)].filter((name) => !OTHERS.has(name)).sort();
}

function namesIn(part: object, path = ''): ReadonlySet<string> {
  const names = new Set<string>();
  for (let of = Object.getPrototypeOf(part); of !== Object.prototype; of = Object.getPrototypeOf(of))
    for (const [name, { get, value }] of Object.entries(Object.getOwnPropertyDescriptors(of))) {
      if (get !== undefined) for (const one of namesIn(get.call(part), `${path}${name}.`)) names.add(one);
      else if (name !== 'constructor' && !name.startsWith('__') && typeof value === 'function') names.add(path + name);
    }
  return names;
}
