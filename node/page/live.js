// What is alive on a page: it is asked for again while somebody looks at it, changes come as they happen, snippets are copied by a button.
// Without a script every page works all the same.
const REFRESH_MS = 5_000;
const CHANGES_MAX = 50;
/** Long words break at their joints, as on the pages themselves. */
const LONG_WORD = /(\S{17,})/;
const JOINT = /(?<=[@/?&=,_])|(?=\.)/;

keepUpToDate(document.querySelector('[data-live]'));
listen(document.querySelector('[data-changes]'));
for (const figure of document.querySelectorAll('.snippet')) offerCopy(figure);

/** Puts in what a page says now, when that differs, unless somebody is at work in it. */
function keepUpToDate(place) {
  if (place === null) return;
  setInterval(async () => {
    if (document.hidden || place.contains(document.activeElement) || String(getSelection()) !== '') return;
    try {
      const answer = await fetch(location.href, { headers: { Accept: 'text/html' } });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('[data-live]');
      if (fresh !== null && fresh.innerHTML !== place.innerHTML) place.replaceChildren(...fresh.childNodes);
    } catch {
      // The node is away: what stands there stays, and the next turn asks again.
    }
  }, REFRESH_MS);
}

/** Adds each change that this node tells, from where the page was made. */
function listen(list) {
  if (list === null) return;
  const state = document.querySelector('[data-listening]');
  const row = document.querySelector('template[data-change]');
  const source = new EventSource(`/api/changes?since=${encodeURIComponent(list.dataset.changes)}`);
  source.onopen = () => say(state, 'Listening: changes appear as they happen.');
  source.onerror = () =>
    say(
      state,
      source.readyState === EventSource.CLOSED
        ? 'Not listening any more: load the page anew.'
        : 'The node is away; it is tried again.',
    );
  source.onmessage = ({ data }) => {
    const change = JSON.parse(data);
    const made = row.content.cloneNode(true).firstElementChild;
    const put = (name, text) => {
      made.querySelector(`[data-is="${name}"]`).textContent = text;
    };
    put('when', String(change.timestamp).slice(0, 19).replace('T', '\u00a0'));
    put('event', change.event);
    put('host', change.agent.hostId);
    made.querySelector('[data-is="what"]').replaceChildren(...breakable(told(change)));
    const agent = made.querySelector('[data-is="agent"]');
    agent.textContent = visible(change.agent.name);
    agent.href = `/page/agents/${encodeURIComponent(change.agent.id)}`;
    // The organization is named there, which has no page.
    if (change.domain !== undefined) agent.replaceWith('–');
    made.classList.add('fresh');
    list.prepend(made);
    while (list.children.length > CHANGES_MAX) list.lastElementChild.remove();
    document.querySelector('[data-none]')?.remove();
  };
}

function told({ changes = {}, email, message, domain }) {
  if (email !== undefined) return visible(`${email.state}: ${email.subject}`);
  if (message !== undefined) return visible(`${message.inbox_id}: ${message.message_id}`);
  if (domain !== undefined) return visible(domain.domain_id);
  const signs = { added: '+', removed: '−', modified: '~', fields: '~' };
  const parts = Object.entries(signs).flatMap(([name, sign]) =>
    (changes[name] ?? []).map((one) => `${sign}\u00a0${one}`),
  );
  return parts.length === 0 ? '–' : visible(parts.join('\n'));
}

function breakable(text) {
  const jointed = (word) =>
    word.split(JOINT).flatMap((part, at) => (at === 0 ? [part] : [document.createElement('wbr'), part]));
  return text.split(LONG_WORD).flatMap((run, at) => (at % 2 === 0 ? [run] : jointed(run)));
}

/** As the pages themselves show what has no width or turns the direction of writing. */
function visible(text) {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (found) =>
    found === '\n'
      ? found
      : [...Array(found.length).keys()]
          .map((at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`)
          .join(''),
  );
}

function say(place, text) {
  if (place !== null && place.textContent !== text) place.textContent = text;
}

function offerCopy(figure) {
  if (navigator.clipboard === undefined) return;
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Copy';
  button.setAttribute('aria-label', `Copy: ${figure.querySelector('figcaption').textContent}`);
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(figure.querySelector('code').textContent);
    button.textContent = 'Copied';
    setTimeout(() => {
      button.textContent = 'Copy';
    }, 2_000);
  });
  figure.querySelector('figcaption').append(button);
}
