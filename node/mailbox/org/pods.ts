// Pods: made, found, deleted. What is in one is found by whoever has its key, and by the organization.
import type { Clock, Random } from '../../../mesh/ports.ts';
import { newUuid } from '../../../mesh/uuid.ts';
import type { Log } from '../../log.ts';
import { MailboxError, mailboxErrorOf, noSuch } from '../errors.ts';
import type { Listed } from '../list.ts';
import { PODS_MAX, type Pod, podDomain } from '../pod.ts';
import type { Asks, IntakeQuestions, PodsQuestion, QueryQuestions } from '../questions.ts';

/** Milliseconds until webhooks whose pod is gone are looked for again, where that failed. */
const SWEEP_AGAIN_MS = 30_000;

export interface PodsParts {
  readonly intake: Asks<IntakeQuestions>;
  readonly query: Asks<QueryQuestions>;
  /** Webhooks of pods: which pods have some, and the end of those of one. */
  readonly webhooks: {
    readonly podIds: () => readonly string[];
    readonly endWithPod: (podId: string) => Promise<void>;
  };
  /** The domain of the host. */
  readonly domain: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export class Pods {
  readonly #parts: PodsParts;

  constructor(parts: PodsParts) {
    this.#parts = parts;
  }

  /** Makes a pod; the same client id again is the same one. Throws `limit_exceeded`. */
  async create({ name, clientId }: { name?: string | undefined; clientId?: string | undefined }): Promise<Pod> {
    const { intake, random, clock } = this.#parts;
    const pod = { podId: newUuid(random), name: name ?? clientId ?? 'Pod', clientId, atMs: clock.wallMs() };
    const added = await intake.ask('addPod', pod);
    if (added.outcome === 'full') throw new MailboxError('limit_exceeded', `This host keeps at most ${PODS_MAX} pods.`);
    return added.pod;
  }

  list(question: PodsQuestion): Promise<Listed<Pod>> {
    return this.#parts.query.ask('pods', question);
  }

  /** The pod that a text means: its id, or the client id that it was made with. */
  find(text: string): Promise<Pod | undefined> {
    return this.#parts.query.ask('pod', text);
  }

  /** The domain of inboxes that are made in it without one; absent: there is none. */
  domainOf(pod: Pod): string | undefined {
    return podDomain(pod, this.#parts.domain);
  }

  /** From here on its keys open nothing, and its webhooks are gone. Throws `cannot_delete`, `not_found`. */
  async remove({ podId, name }: Pod): Promise<void> {
    const { intake, webhooks } = this.#parts;
    switch (await intake.ask('removePod', podId)) {
      case 'removed':
        await webhooks.endWithPod(podId);
        return;
      case 'gone':
        throw noSuch('pod');
      case 'default':
        throw new MailboxError(
          'cannot_delete',
          'The default pod stays: every inbox that was put into no other is in it.',
        );
      case 'used':
        throw new MailboxError('cannot_delete', `The pod '${name}' has inboxes.`, {
          fix: `Delete what GET /v0/pods/${podId}/inboxes lists first.`,
        });
      case 'domains':
        throw new MailboxError('cannot_delete', `The pod '${name}' has domains.`, {
          fix: `Delete what GET /v0/pods/${podId}/domains lists first.`,
        });
    }
  }

  /** Ends, once, webhooks whose pod a crash has outlived them by; then it is done. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#parts;
    while (!signal.aborted) {
      try {
        await this.#sweep();
        return;
      } catch (error) {
        const expected = mailboxErrorOf(error);
        if (expected === undefined) throw error;
        log.warn('mailbox.unswept', { message: `Webhooks whose pod is gone may be left: ${expected.message}` });
      }
      await clock.sleep(SWEEP_AGAIN_MS, signal);
    }
  }

  async #sweep(): Promise<void> {
    const { webhooks } = this.#parts;
    for (const podId of webhooks.podIds()) if ((await this.find(podId)) === undefined) await webhooks.endWithPod(podId);
  }
}
