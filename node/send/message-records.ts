// Messages on disk. `send/content/<id>` is written once and removed when nothing can need it any more; `send/message/<id>` is its
// course, written at each step; `send/attempt/<id>` stands while it may be on its way to a server; `send/key/<hash>` remembers an
// idempotency key. Read back with checks: what can't be read stops the node, for a message forgotten is a message lost.
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import type { Write } from '../../mesh/ports.ts';
import { damagedRecords } from '../store/refusals.ts';
import type { Store } from '../store/store.ts';
import { MESSAGE_STATES, type Message, type MessageContent } from './message.ts';

export const MESSAGE_PREFIX = 'send/message/';
const CONTENT = 'send/content/';
const ATTEMPT = 'send/attempt/';
const KEY = 'send/key/';
const WARM_UP = 'send/warm-up/';

export interface IdempotencyRecord {
  readonly emailId: string;
  readonly fingerprint: string;
}

/** A message that may be on its way. */
export interface AttemptRecord {
  readonly account: string;
  /** The message's Date header, ISO 8601. */
  readonly date?: string | undefined;
}

/** How far an address has come in its first days of sending. `firstDay`, `day`: days since 1970, UTC. `count`: messages on `day`. */
export interface WarmUpRecord {
  readonly firstDay: number;
  readonly day: number;
  readonly count: number;
}

export const messageWrite = (message: Message): Write => ({ key: MESSAGE_PREFIX + message.id, value: message });
export const contentWrite = (id: string, content: MessageContent | undefined): Write => ({
  key: CONTENT + id,
  value: content,
});
export const attemptWrite = (id: string, value: AttemptRecord | undefined): Write => ({
  key: ATTEMPT + id,
  value,
});
export const keyWrite = (hash: string, value: IdempotencyRecord | undefined): Write => ({ key: KEY + hash, value });
export const warmUpWrite = (address: string, value: WarmUpRecord | undefined): Write => ({
  key: WARM_UP + address,
  value,
});
export const forgetWrites = (id: string): readonly Write[] =>
  [MESSAGE_PREFIX, CONTENT, ATTEMPT].map((prefix) => ({ key: prefix + id, value: undefined }));

/** The name of the record that stands for one agent's idempotency key. */
export function keyHash(agentId: string, key: string): string {
  return bytesToHex(sha256(utf8ToBytes(`${agentId}\n${key}`)));
}

export interface QueueRecords {
  /** Oldest first. */
  readonly messages: Message[];
  /** Messages that may have been on their way when the node stopped. */
  readonly attempts: Map<string, AttemptRecord>;
  readonly keys: Map<string, IdempotencyRecord>;
  readonly warmUps: Map<string, WarmUpRecord>;
}

const count = z.number().int();
const recipient = z.looseObject({ address: z.string(), kind: z.enum(['to', 'cc', 'bcc']), state: z.string() });
const message = z.looseObject({
  id: z.string(),
  number: count,
  agentId: z.string(),
  agentName: z.string(),
  from: z.string(),
  subject: z.string(),
  messageId: z.string(),
  state: z.enum(MESSAGE_STATES),
  reason: z.string(),
  nextTry: z.object({ isAgain: z.boolean(), atMs: z.number() }).optional(),
  recipients: z.array(recipient).min(1),
  attempts: count,
  deferrals: count.default(0),
  dueMs: z.number(),
  expiresMs: z.number(),
  lifetimeMs: z.number(),
  blobs: z.array(z.string()),
  createdAt: z.string(),
  updatedAt: z.string(),
});
const attempt = z.object({ account: z.string(), date: z.string().optional() });
const key = z.object({ emailId: z.string(), fingerprint: z.string() });
const warmUp = z.object({ firstDay: count, day: count, count });

/** Throws `store_failed` at the first record that can't be read. */
export async function loadQueue(store: Store): Promise<QueueRecords> {
  const records: QueueRecords = { messages: [], attempts: new Map(), keys: new Map(), warmUps: new Map() };
  await each(store, MESSAGE_PREFIX, message, (_, value) =>
    records.messages.push(withNextTry(value as unknown as Message)),
  );
  await each(store, ATTEMPT, attempt, (id, value) => records.attempts.set(id, value));
  await each(store, KEY, key, (hash, value) => records.keys.set(hash, value));
  await each(store, WARM_UP, warmUp, (address, value) => records.warmUps.set(address, value));
  records.messages.sort((one, other) => one.number - other.number);
  return records;
}

/** In records of before, the reason ends in the sentence that `reasonOf` adds now. */
const FORMER_REASON = /^(?<why>.*) It is tried (?<again>again )?at (?<at>\d{4}-\d\d-\d\dT[\d:.]+Z)\.$/s;

function withNextTry(read: Message): Message {
  const { why, again, at } = (read.nextTry === undefined && FORMER_REASON.exec(read.reason)?.groups) || {};
  if (why === undefined || at === undefined) return read;
  return { ...read, reason: why, nextTry: { isAgain: again !== undefined, atMs: Date.parse(at) } };
}

/** The content of a message that may still be sent; `undefined` when it is not there. */
export async function loadContent(store: Pick<Store, 'get'>, id: string): Promise<MessageContent | undefined> {
  const value = await store.get(CONTENT + id);
  return typeof value === 'object' && value !== null ? (value as MessageContent) : undefined;
}

async function each<Schema extends z.ZodType>(
  store: Store,
  prefix: string,
  schema: Schema,
  visit: (name: string, value: z.output<Schema>) => void,
): Promise<void> {
  for await (const page of store.load(prefix))
    for (const { key: name, value } of page) {
      const parsed = schema.safeParse(value);
      if (!parsed.success) throw damagedRecords(`The stored record '${name}' can't be read`);
      visit(name.slice(prefix.length), parsed.data);
    }
}
