// Labels that a request adds and removes, and why that was refused.
import type { Context } from 'hono';
import { z } from 'zod';
import { MailboxError, noSuch, wrongField } from '../errors.ts';
import { LABELS_MAX, type LabelChange, type LabelOutcome, type LabelsRequired, labelFault } from '../label.ts';

const labels = z
  .union([z.string().transform((label) => [label]), z.array(z.string()).max(LABELS_MAX)], {
    error: `must be a label, or a list of at most ${LABELS_MAX}`,
  })
  .optional()
  .default([]);

/** Members of a form. */
export const LABEL_MEMBERS = { add_labels: labels, remove_labels: labels };

export interface LabelForm {
  readonly add_labels: readonly string[];
  readonly remove_labels: readonly string[];
}

/** Whether the form changes anything, and what is said where it does not. */
export const changesLabels = (form: LabelForm) => form.add_labels.length + form.remove_labels.length > 0;
export const CHANGES_NOTHING = 'must have add_labels or remove_labels';

/**
 * What a request asks for, with the labels that its header requires. `code`: what a label that can't be changed is refused with. Throws
 * that.
 */
export function labelChangeOf(
  c: Context,
  { add_labels: add, remove_labels: remove }: LabelForm,
  { code, atMs }: { readonly code: 'validation_error' | 'unprocessable'; readonly atMs: number },
): LabelChange {
  for (const label of [...add, ...remove]) {
    const fault = labelFault(label);
    if (fault === undefined) continue;
    const path = [add.includes(label) ? 'add_labels' : 'remove_labels'];
    const message = `The label '${label.slice(0, 100)}' ${fault}.`;
    // The client knows of fields that are wrong in a 400 alone.
    throw new MailboxError(code, message, code === 'validation_error' ? { errors: [{ path, message }] } : {});
  }
  return { add, remove, ...requiredLabels(c), atMs };
}

/** `what` there is none of when it is gone. */
export function labelRefusal(
  outcome: Exclude<LabelOutcome['outcome'], 'done'>,
  what: 'message' | 'thread',
): MailboxError {
  switch (outcome) {
    case 'gone':
      return noSuch(what);
    case 'differs':
      return new MailboxError('race_condition', 'The labels are not as X-Require-Labels says; nothing was changed.');
    case 'many':
      return new MailboxError('unprocessable', `A message has at most ${LABELS_MAX} labels.`);
    case 'leased':
      return new MailboxError('conflict', `A worker has the ${what} by a lease, with which 'processing' goes.`, {
        fix: 'Complete or release the lease, or wait until it runs out.',
      });
    case 'large':
      return new MailboxError('unprocessable', 'The thread has more than 100 messages: change them one by one.');
  }
}

/** `X-Require-Labels: unread,!processing`: labels that must be there, and those that must not. Throws `validation_error`. */
export function requiredLabels(c: Context): LabelsRequired {
  const header = c.req.header('x-require-labels');
  if (header === undefined) return { required: [], excluded: [] };
  const words = header.split(',').map((word) => word.trim());
  // A word without a label, as of a variable that is empty, would let everything pass.
  if (words.some((word) => word === '' || word === '!'))
    throw wrongField(
      'X-Require-Labels',
      'must be labels between commas, each with a ! before it if the mail must not have it: unread,!mine',
    );
  return {
    required: words.filter((word) => !word.startsWith('!')),
    excluded: words.filter((word) => word.startsWith('!')).map((word) => word.slice(1)),
  };
}
