// Questions that nobody should ask, to the routes of a real mailbox, in rounds: each begins with new things that can be asked for, since the one
// before may have ended them.
import type { Random } from '../../mesh/ports.ts';
import { type Asked, HostileQuestions, whyWrong } from '../../test/support/hostile-questions.ts';
import { type IdKind, NEVER, type TableRoute } from '../../test/support/route-requests.ts';
import type { MailboxAsker } from './mailbox-asker.ts';

const ROUND = 400;
const SAID_EACH = 2_000;
const VIOLATIONS_MAX = 20;
const SENDS = /\/messages\/(send|[^/]+\/(reply|reply-all|forward))$/;

export interface QuestionRun {
  readonly asker: MailboxAsker;
  readonly count: number;
  readonly random: Random;
  readonly isOver: () => boolean;
}

export async function askHostileQuestions(
  { asker, count, random, isOver }: QuestionRun,
  say: (line: string) => void,
): Promise<{ readonly count: number; readonly violations: readonly string[] }> {
  if (count === 0) return { count, violations: [] };
  const { routes } = (await (await asker.ask('/api/mailbox/routes')).json()) as { readonly routes: TableRoute[] };
  const questions = new HostileQuestions(routes, random);
  // By what is wrong: the same of the same route is told once.
  const violations = new Map<string, string>();
  let ids: Readonly<Record<IdKind, string>> = NEVER;
  let asked = 0;
  for (; asked < count && !isOver() && violations.size < VIOLATIONS_MAX; asked += 1) {
    if (asked % ROUND === 0) ids = await newThings(asker, asked);
    if (asked % SAID_EACH === SAID_EACH - 1) say(`${asked + 1} questions, ${violations.size} violations`);
    const question = questions.next(ids);
    const wrong = await faultOf(asker, question);
    if (wrong === undefined) continue;
    const { method, route, path, body = '' } = question;
    const sent = `${method} ${path} ${JSON.stringify(question.headers)} ${String(body).slice(0, 500)}`;
    violations.set(`${method} ${route.path} ${wrong.slice(0, 60)}`, `question ${asked}: ${sent} → ${wrong}`);
  }
  return { count: asked, violations: [...violations.values()] };
}

/** What is wrong about the answer; also, that what was sent can't be read. */
async function faultOf(asker: MailboxAsker, question: Asked): Promise<string | undefined> {
  try {
    const { method, path, headers, body } = question;
    const response = await asker.ask(path, { method, headers, ...(body === undefined ? {} : { body }) });
    const text = await response.text();
    const type = response.headers.get('content-type') ?? '';
    const wrong = whyWrong(question, { status: response.status, type, text });
    // A repeat of a key is the mail that was, which may be gone.
    const isNew = headers['idempotency-key'] === undefined && response.status === 200;
    if (wrong !== undefined || !isNew || method !== 'POST' || !SENDS.test(path.replace(/\?.*/, ''))) return wrong;
    const { message_id: id } = JSON.parse(text) as { readonly message_id: string };
    const read = await asker.ask(`${path.replace(/\/messages\/.*/, '')}/messages/${encodeURIComponent(id)}`);
    return read.status === 200 ? undefined : `${id} was acknowledged, and reading it is answered ${read.status}`;
  } catch (error) {
    return `no answer: ${error}`;
  }
}

/** One of each thing that there is. */
async function newThings(asker: MailboxAsker, round: number): Promise<Readonly<Record<IdKind, string>>> {
  const name = `round-${round}`;
  const { pod_id: pod } = await asker.post('/v0/pods', { client_id: name });
  const { inbox_id: inbox } = await asker.post(`/v0/pods/${pod}/inboxes`, { username: name });
  const of = `/v0/inboxes/${inbox}`;
  const mail = await asker.post(`${of}/messages/send`, { to: inbox, subject: 'Hello', text: 'Hello, words.' });
  const hook = { url: 'http://127.0.0.1:9/hook', event_types: ['message.received'] };
  const entry = `${name}.example`;
  await asker.post('/v0/lists/receive/block', { entry });
  await asker.post(`${of}/lists/receive/block`, { entry });
  return {
    ...{ pod, inbox, entry, message: mail.message_id, thread: mail.thread_id },
    key: (await asker.post(`${of}/api-keys`, {})).api_key_id,
    webhook: (await asker.post(`${of}/webhooks`, hook)).webhook_id,
    draft: (await asker.post(`${of}/drafts`, { subject: 'Hello' })).draft_id,
    domain: (await asker.post('/v0/domains', { domain: `mail.${entry}` })).domain_id,
  } as Readonly<Record<IdKind, string>>;
}
