// A new secret for a subscription, given or made here. The one that was made is shown by the answer to the form, this once: a link to it would
// keep it in the browser's history.
import { pathSegment, validate } from '../http/input.ts';
import { rotation } from '../http/webhook-form.ts';
import type { Webhooks } from '../webhooks/webhooks.ts';
import { type Asker, posting } from './asker.ts';
import type { PageDoor } from './door.ts';
import { snippet } from './fragments.ts';
import { type Markup, markup, trusted } from './markup.ts';
import { subscriptionPath } from './subscription-path.ts';

/** For how long the former secret signs as well. */
const GRACES = [
  ['86400', 'a day'],
  ['3600', 'an hour'],
  ['0', 'no time'],
  ['604800', 'a week'],
] as const;

/** What fits no rule is refused by the action, as the API would. */
export function secretForm(id: string, asker: Asker): Markup {
  const why = asker.refuses(posting('webhooks', id, 'rotate-secret'));
  const dead = why === undefined ? '' : trusted(' disabled');
  return markup`<form method="post" action="${subscriptionPath(id)}/rotate-secret" class="search">
<div><label for="secret">New secret; empty: one is made</label><input id="secret" name="secret" type="password" autocomplete="off" spellcheck="false"${dead}></div>
<div><label for="grace">The former one signs as well for</label><select id="grace" name="grace"${dead}>${GRACES.map(([seconds, label]) => markup`<option value="${seconds}">${label}</option>`)}</select></div>
<input type="hidden" name="formToken" value="${asker.formToken}"><button${dead}>Rotate the secret</button>
</form>
${why === undefined ? '' : markup`<p class="dim">${why.message}</p>`}`;
}

export function secretAction(door: PageDoor, webhooks: Pick<Webhooks, 'rotateSecret'>): void {
  door.act('/page/subscriptions/:id/rotate-secret', {
    needs: (c) => posting('webhooks', pathSegment(c, 'id'), 'rotate-secret'),
    run: async (c, form) => {
      const id = pathSegment(c, 'id');
      const [given, grace] = [form.get('secret') ?? '', form.get('grace')];
      const wanted = validate(rotation, {
        ...(given === '' ? {} : { secret: given }),
        ...(grace === null ? {} : { graceSeconds: Number(grace) }),
      });
      const { secret } = await webhooks.rotateSecret(id, wanted);
      if (secret === undefined) return { to: subscriptionPath(id), said: 'rotated' };
      const body = markup`<p class="said" role="status">The subscription signs by a new secret.</p>
${snippet('The secret, which is shown only now', secret)}
<p><a href="${subscriptionPath(id)}">To the subscription</a></p>`;
      return { title: 'A new secret', body };
    },
  });
}
