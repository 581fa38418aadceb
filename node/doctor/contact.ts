// What one host of hosts.json answers when it is asked what anybody may ask: who it is, whether it is well, and what time it has.
import { type Dispatcher, request } from 'undici';
import { MeshError } from '../../mesh/errors.ts';
import { isMap, parseForeignJson } from '../../mesh/json/foreign-json.ts';
import type { Clock } from '../../mesh/ports.ts';
import type { Host } from '../../mesh/roster.ts';
import { startDeadline, withDeadline } from '../../mesh/time/deadline.ts';
import type { HelloAsker, Introduction, LegacyPeer } from '../peers/keys/hello-question.ts';

/** For each of the questions. */
const QUESTION_MS_MAX = 5_000;

interface Answered {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Contact {
  readonly host: Host;
  /** Why nothing answers there: the code of the system, or `timeout`. */
  readonly silence?: { readonly code: string; readonly message: string };
  readonly health?: Answered;
  readonly ready?: Answered;
  /** Milliseconds by which its clock is ahead of this one's; its clock is told to the second. */
  readonly aheadMs?: number;
  /** Who it proved to be, or that it serves only the look-up. */
  readonly introduction?: Introduction | LegacyPeer;
  /** Why it did not. */
  readonly refusal?: MeshError;
  /** The id of its change log, where reading it needs nothing. */
  readonly logId?: string;
  /** Whether it refuses whoever shows no credential what it keeps for those who may do everything; absent when it did not have to be asked. */
  readonly isGuarded?: boolean;
}

export interface ContactPorts {
  readonly clock: Clock;
  readonly hello: HelloAsker;
  readonly dispatcher: Dispatcher;
}

/** Asks a host. Never rejects for what the host does. */
export async function contact(host: Host, ports: ContactPorts): Promise<Contact> {
  const { clock } = ports;
  const sentMs = clock.wallMs();
  const health = await ask(host, '/health', ports);
  if ('code' in health) return { host, silence: health };
  // Now: what else is asked may take seconds.
  const heardMs = clock.wallMs();
  const [ready, log, told, guarded] = await Promise.all([
    ask(host, '/ready', ports),
    ask(host, '/api/log/verification?after=999999999999999', ports),
    introduction(host, ports),
    health.body.forwarded === false ? guard(host, ports) : {},
  ]);
  const logId = 'code' in log ? undefined : log.body.logId;
  return {
    ...{ host, health, ...told, ...guarded },
    ...('code' in ready ? {} : { ready }),
    ...(health.atMs === undefined ? {} : { aheadMs: aheadMs(health.atMs, sentMs, heardMs) }),
    ...(typeof logId === 'string' ? { logId } : {}),
  };
}

/** Keys are shown to who may do everything. Nothing is shown here, so nothing is counted as a failure. */
async function guard(host: Host, ports: ContactPorts): Promise<Pick<Contact, 'isGuarded'>> {
  const keys = await ask(host, '/api/keys', ports);
  return 'code' in keys ? {} : { isGuarded: keys.status === 401 || keys.status === 403 };
}

/** A `Date` header is cut to the second; 0 when the clocks may be equal. */
function aheadMs(theirMs: number, sentMs: number, heardMs: number): number {
  if (theirMs > heardMs) return theirMs - heardMs;
  return Math.min(0, theirMs + 1_000 - sentMs);
}

async function ask(
  { url }: Host,
  path: string,
  { clock, dispatcher }: ContactPorts,
): Promise<(Answered & { readonly atMs?: number }) | NonNullable<Contact['silence']>> {
  try {
    const { answer, text } = await withDeadline({ clock, ms: QUESTION_MS_MAX, signals: [], silent }, async (signal) => {
      const answer = await request(url + path, { dispatcher, signal });
      return { answer, text: await answer.body.text() };
    });
    const atMs = Date.parse(String(answer.headers.date ?? ''));
    return { status: answer.statusCode, body: bodyOf(text), ...(Number.isNaN(atMs) ? {} : { atMs }) };
  } catch (error) {
    const { name, code, message } = error as NodeJS.ErrnoException;
    return { code: code ?? name, message };
  }
}

const silent = () => Object.assign(new Error(`no answer within ${QUESTION_MS_MAX / 1_000} s`), { code: 'timeout' });

function bodyOf(text: string): Answered['body'] {
  try {
    const body = parseForeignJson(text);
    return isMap(body) ? (body as Answered['body']) : {};
  } catch {
    // What is no JSON says nothing that a check could read.
    return {};
  }
}

async function introduction(
  host: Host,
  { clock, hello }: ContactPorts,
): Promise<Pick<Contact, 'introduction' | 'refusal'>> {
  using late = startDeadline({ clock, ms: QUESTION_MS_MAX, signals: [], silent });
  try {
    return { introduction: await hello.ask(host, late.signal) };
  } catch (error) {
    if (error instanceof MeshError) return { refusal: error };
    throw error;
  }
}
