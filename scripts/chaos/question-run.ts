// Questions that nobody should ask, to the routes of a real mailbox, in rounds: each begins with new things that can be asked for, since the one
// before may have ended them.
import type { Random } from '../../mesh/ports.ts';
import { type Asked, HostileQuestions, whyWrong } from '../../test/support/hostile-questions.ts';
import { type IdKind, NEVER, type TableRoute } from '../../test/support/route-requests.ts';
import type { AnswerBound } from './answer-bound.ts';
import type { MailboxAsker } from './mailbox-asker.ts';
import { newThings, takeAway } from './round-things.ts';
import type { Violations } from './violations.ts';

const ROUND = 400;
const SAID_EACH = 2_000;
const KINDS_MAX = 20;
const SENDS = /\/messages\/(send|[^/]+\/(reply|reply-all|forward))$/;

export interface QuestionRun {
  readonly asker: MailboxAsker;
  readonly bound: AnswerBound;
  readonly violations: Violations;
  readonly count: number;
  readonly random: Random;
  readonly isOver: () => boolean;
}

/** How many were asked: fewer than `count` where time is over, or too much was wrong. */
export async function askHostileQuestions(
  { asker, bound, violations, count, random, isOver }: QuestionRun,
  say: (line: string) => void,
): Promise<number> {
  if (count === 0) return count;
  const { routes } = (await (await asker.ask('/api/mailbox/routes')).json()) as { readonly routes: TableRoute[] };
  const questions = new HostileQuestions(routes, random);
  // What is wrong with the same of the same route is told once.
  const kinds = new Set<string>();
  let ids: Readonly<Record<IdKind, string>> = NEVER;
  let asked = 0;
  for (; asked < count && !isOver() && kinds.size < KINDS_MAX; asked += 1) {
    if (asked % ROUND === 0) {
      await takeAway(asker);
      ids = await newThings(asker, asked);
    }
    if (asked % SAID_EACH === SAID_EACH - 1) say(`${asked + 1} questions, ${kinds.size} of them answered wrongly`);
    const question = questions.next(ids);
    const { method, route, path, headers, body = '' } = question;
    const name = `question ${asked}: ${method} ${path} ${JSON.stringify(headers)}`;
    const octets = body === '' ? {} : { [`question-${asked}.body`]: Buffer.from(body as string) };
    const again = async () => () => asker.ask(path, optionsOf(question)).then((response) => response.text());
    const wrong = await bound.answer({ name, ask: () => faultOf(asker, question), again, octets });
    const kind = `${method} ${route.path} ${wrong?.slice(0, 60)}`;
    if (wrong === undefined || kinds.has(kind)) continue;
    kinds.add(kind);
    violations.add(`${name} → ${wrong}`, octets);
  }
  return asked;
}

/** What is wrong about the answer; also, that what was sent can't be read. */
async function faultOf(asker: MailboxAsker, question: Asked): Promise<string | undefined> {
  try {
    const { method, path, headers } = question;
    const response = await asker.ask(path, optionsOf(question));
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

function optionsOf({ method, headers, body }: Asked): RequestInit {
  return { method, headers, ...(body === undefined ? {} : { body }) };
}
