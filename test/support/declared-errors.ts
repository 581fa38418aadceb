// The errors that AgentMail's client declares for each of its methods, found in that client itself: by its generator, these and the answers of
// success are what its own wire tests record.
import { AgentMail, type AgentMailClient, serialization } from 'agentmail';
import type { AnswerSchema } from './mailbox-calls.ts';

export interface DeclaredError {
  readonly status: number;
  /** The class that the client throws then. */
  readonly type: abstract new (
    ...parts: never[]
  ) => Error;
  readonly schema: AnswerSchema;
}

const DECLARED = /case (\d{3}):\s*throw new AgentMail\.(\w+)\(serializers\.(\w+)\./g;

/** `name`: such as `inboxes.messages.get`. */
export function declaredErrors(client: AgentMailClient, name: string): readonly DeclaredError[] {
  const names = name.split('.');
  const method = `__${names.pop()}`;
  const part = names.reduce<object>((whole, one) => Reflect.get(whole, one) as object, client);
  const asking: unknown = Reflect.get(part, method);
  if (typeof asking !== 'function') throw new Error(`The client asks '${name}' in another way than it did.`);
  return [...String(asking).matchAll(DECLARED)].map(([, status, type = '', schema = '']) => ({
    status: Number(status),
    type: Reflect.get(AgentMail, type) as DeclaredError['type'],
    schema: Reflect.get(serialization, schema) as AnswerSchema,
  }));
}
