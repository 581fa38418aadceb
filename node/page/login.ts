// Logging in with a key or a token, and out.
import type { Context } from 'hono';
import { MeshError } from '../../mesh/errors.ts';
import type { AskerServices } from './asker.ts';
import { type PageDoor, queryOf, visitorIn } from './door.ts';
import { type Markup, markup } from './markup.ts';

const SEE_OTHER = 303;
const STATUS_OF_REFUSAL = 401;

export function loginPages(door: PageDoor, { gate, sessions }: AskerServices, isSecure: (c: Context) => boolean): void {
  const cookie = (c: Context, value: string, seconds: number) => {
    const secure = isSecure(c) ? '; Secure' : '';
    return `${sessions.cookieName}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`;
  };
  door.route('/page/login', {
    GET: (c) => door.answer(c, loginView(door.asker(c).formToken, queryOf(c, 'next').next)),
    POST: async (c) => {
      const form = await door.readForm(c);
      const next = form.get('next') ?? '';
      try {
        const shown = gate.logsIn(visitorIn(c), (form.get('key') ?? '').trim());
        sessions.close(c.req.header('cookie'));
        c.header('Set-Cookie', cookie(c, sessions.open(shown), sessions.lifeSeconds));
        return c.redirect(isOwnPage(next) ? next : '/', SEE_OTHER);
      } catch (error) {
        if (!(error instanceof MeshError)) throw error;
        return door.answer(c, loginView(door.asker(c).formToken, next, error.message), STATUS_OF_REFUSAL);
      }
    },
  });
  door.route('/page/logout', {
    POST: async (c) => {
      await door.readForm(c);
      sessions.close(c.req.header('cookie'));
      c.header('Set-Cookie', cookie(c, '', 0));
      return c.redirect('/page/login?said=loggedOut', SEE_OTHER);
    },
  });
}

/** A path of this node; what begins with two slashes would lead elsewhere. */
function isOwnPage(path: string): boolean {
  return /^\/(?:page\/[\x21-\x7e]*|docs|\?[\x21-\x7e]*)?$/.test(path) && !path.includes('\\');
}

function loginView(formToken: string, next: string, refusal?: string): { title: string; body: Markup } {
  const why = refusal === undefined ? '' : markup`<p class="refusal" role="alert" id="why">${refusal}</p>`;
  const body = markup`<p>Show a key of this node, or its <code>MESH_TOKEN</code> or <code>MESH_READ_TOKEN</code>. What you may see and do is what that key may.</p>
${why}
<form method="post" action="/page/login" class="login">
<input type="hidden" name="formToken" value="${formToken}"><input type="hidden" name="next" value="${next}">
<label for="key">Key</label>
<input id="key" name="key" type="password" required autocomplete="current-password" spellcheck="false" ${refusal === undefined ? '' : markup`aria-invalid="true" aria-describedby="why"`}>
<button>Log in</button>
</form>
<p class="dim">Make one on the node’s machine: <code>npx mesh keys create --name me --scope admin</code></p>`;
  return { title: 'Log in', body };
}
