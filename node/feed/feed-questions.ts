// What a follower asks a host, and the form of each answer.

import type { ZodType } from 'zod';
import { MeshError } from '../../mesh/errors.ts';
import {
  FEED_PATH,
  type FeedAnswer,
  type FeedQuestion,
  feedAnswerSchema,
  SNAPSHOT_PATH,
  type SnapshotAnswer,
  type SnapshotQuestion,
  snapshotAnswerSchema,
} from '../../mesh/feed/messages.ts';
import { type RelayAnswer, type RelayQuestion, relayAnswerSchema } from '../../mesh/feed/relay-messages.ts';
import { PEER_BODY_BYTES_MAX } from '../../mesh/limits.ts';
import type { HostId } from '../../mesh/names.ts';
import type { PeerAnswer, PeerTransport } from '../../mesh/ports.ts';

/** What waits for an answer has the time that it may take to come, beside the wait itself. */
export const FEED_ANSWER_MS_MAX = 10_000;
/** A relay that has not answered for so long is replaced by the next. */
export const RELAY_SILENT_MS = 10_000;

const SAID_CHARACTERS_MAX = 300;
const NOT_UNDERSTOOD: readonly number[] = [400, 404, 405];

/** The host does not understand the question: it is of a version that knows of no such. */
export class NotUnderstood extends MeshError {}

export class FeedQuestions {
  readonly #transport: PeerTransport;
  readonly #to: HostId;
  readonly #isSeldom: () => boolean;

  /** `isSeldom`: whether that host is asked now and then only. */
  constructor(transport: PeerTransport, to: HostId, isSeldom = () => false) {
    this.#transport = transport;
    this.#to = to;
    this.#isSeldom = isSeldom;
  }

  /** Rejects, as the next two do, with a `MeshError` as `PeerTransport.ask`; `peer_unintelligible` for an answer of no known form. */
  async news(body: FeedQuestion, signal: AbortSignal): Promise<FeedAnswer> {
    return this.#post(FEED_PATH, body, {
      form: feedAnswerSchema,
      answerMsMax: FEED_ANSWER_MS_MAX + body.waitMs,
      signal,
    });
  }

  /** One page of a snapshot. */
  async page(body: SnapshotQuestion, signal: AbortSignal): Promise<SnapshotAnswer> {
    return this.#post(SNAPSHOT_PATH, body, { form: snapshotAnswerSchema, answerMsMax: FEED_ANSWER_MS_MAX, signal });
  }

  /** What a relay passes on. A relay that is silent for `RELAY_SILENT_MS` is given up. */
  async relayed(body: RelayQuestion, signal: AbortSignal): Promise<RelayAnswer> {
    return this.#post(FEED_PATH, body, { form: relayAnswerSchema, answerMsMax: RELAY_SILENT_MS, signal });
  }

  async #post<T>(
    path: string,
    body: unknown,
    {
      form,
      answerMsMax,
      signal,
    }: { readonly form: ZodType<T>; readonly answerMsMax: number; readonly signal: AbortSignal },
  ): Promise<T> {
    const answer = await this.#transport.ask(
      {
        ...{ to: this.#to, lane: 'feeds', method: 'POST', path, body },
        answerMsMax,
        answerBytesMax: PEER_BODY_BYTES_MAX,
        answerSignature: 'required',
        isSeldom: this.#isSeldom(),
      },
      signal,
    );
    const parsed = answer.status === 200 ? form.safeParse(answer.body) : undefined;
    if (parsed?.success) return parsed.data;
    const Refusal = NOT_UNDERSTOOD.includes(answer.status) ? NotUnderstood : MeshError;
    throw new Refusal('peer_unintelligible', `Host '${this.#to}' ${whatOf(answer)}`);
  }
}

function whatOf({ status, body }: PeerAnswer): string {
  if (status === 200) return 'answers about its log in a form that is not known here.';
  const said = (body as { readonly message?: unknown } | null | undefined)?.message;
  const quote = typeof said === 'string' ? `: ${said.slice(0, SAID_CHARACTERS_MAX)}` : '.';
  return `answers with status ${status} when it is asked about its log${quote}`;
}
