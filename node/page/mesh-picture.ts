// The hosts as a picture: this one in the middle, the others around it, a line to each that says how they see each other. The table beside it
// says the same in words, so readers of the screen are told what it is and no more.

import type { HostView } from './host-view.ts';
import { type Markup, markup, trusted } from './markup.ts';

/** Hosts up to which the picture names each one. */
const NAMED_HOSTS_MAX = 16;

const WIDTH = 720;
const NAME_CHARACTERS_MAX = 18;
/** Hosts on the innermost ring; each further ring has as many more. */
const RING_HOSTS = 24;
/** Room for a host's own shape, and below it for its name. */
const ABOVE_HOST = 40;
const BELOW_HOST = 50;

interface Place {
  readonly x: number;
  readonly y: number;
}

export function meshPicture(hosts: readonly HostView[]): Markup {
  const self = hosts.find(({ isSelf }) => isSelf);
  const others = hosts.filter((host) => host !== self);
  if (self === undefined || others.length === 0) return markup``;
  const isNamed = others.length <= NAMED_HOSTS_MAX;
  const away = others.filter(({ tone }) => tone !== 'good' && tone !== 'off').length;
  const isTroubleNamed = away <= NAMED_HOSTS_MAX;
  const height = others.length <= 2 ? 200 : isNamed ? 400 : 560;
  const middle = { x: WIDTH / 2, y: height / 2 };
  const places = others.map((_, at) => placeOf(at, others.length, height));
  const { top, tall } = extentOf([middle, ...places]);
  const lines = others.map((host, at) => lineTo(host, middle, places[at] as Place, isNamed));
  const dots = others.map((host, at) => hostAt(host, places[at] as Place, { isNamed, isTroubleNamed }));
  const says = `${self.id} in the middle, ${others.length} other ${others.length === 1 ? 'host' : 'hosts'} around it; ${away === 0 ? 'it reaches every one of them' : `${away} of them not well`}. The table below says the same.`;
  return markup`<figure class="picture"><svg viewBox="0 ${top} ${WIDTH} ${tall}" role="img" aria-label="${says}">
<g>${lines}</g><g>${dots}${hostAt(self, middle, { isNamed: true, isTroubleNamed })}</g></svg>
<figcaption>${legend(isNamed, isTroubleNamed)}</figcaption></figure>`;
}

function legend(isNamed: boolean, isTroubleNamed: boolean): Markup {
  const which = isTroubleNamed ? 'only those with a trouble are named' : 'none is named';
  const names = isNamed ? '' : ` With so many hosts, ${which}.`;
  return markup`As this host sees the mesh. A square votes, a circle does not; a broken line leads to a host that is not reached.${names}`;
}

function placeOf(at: number, count: number, height: number): Place {
  const rings = Math.ceil(count / RING_HOSTS);
  const ring = count <= NAMED_HOSTS_MAX ? 0 : at % rings;
  const onRing = count <= NAMED_HOSTS_MAX ? count : Math.ceil((count - ring) / rings);
  const place = count <= NAMED_HOSTS_MAX ? at : Math.floor(at / rings);
  const share = rings === 1 ? 1 : 0.55 + (0.45 * (ring + 1)) / rings;
  // Beside each other rather than above each other: names are wide.
  const turn = ((place + (count <= 2 ? 0 : 0.5)) / onRing) * 2 * Math.PI + (count <= 2 ? Math.PI : -Math.PI / 2);
  return {
    x: round(WIDTH / 2 + Math.cos(turn) * (WIDTH / 2 - 110) * share),
    y: round(height / 2 + Math.sin(turn) * (height / 2 - 50) * share),
  };
}

/** What the picture has to show from top to bottom, names below the hosts included: hosts may all be on one side of the middle. */
function extentOf(places: readonly Place[]): { readonly top: number; readonly tall: number } {
  const ys = places.map(({ y }) => y);
  const top = Math.min(...ys) - ABOVE_HOST;
  return { top, tall: round(Math.max(...ys) + BELOW_HOST - top) };
}

function lineTo(host: HostView, from: Place, to: Place, isNamed: boolean): Markup {
  if (host.tone === 'off') return markup``;
  const kind = host.tone === 'good' || host.word.startsWith('there') ? 'seen' : 'unseen-host';
  const line = `<line class="${kind}" x1="${from.x}" y1="${from.y}" x2="${to.x}" y2="${to.y}"/>`;
  const [x, y] = [round(from.x + (to.x - from.x) * 0.55), round(from.y + (to.y - from.y) * 0.55) - 6];
  const said = !isNamed
    ? undefined
    : host.rttMs !== undefined
      ? `${host.rttMs} ms`
      : kind === 'seen'
        ? 'by a relay'
        : undefined;
  return markup`${trusted(line)}${said === undefined ? '' : markup`<text class="rtt" x="${x}" y="${y}">${said}</text>`}`;
}

interface Naming {
  readonly isNamed: boolean;
  /** Whether a host with a trouble is named, though the others are not. */
  readonly isTroubleNamed: boolean;
}

function hostAt(host: HostView, { x, y }: Place, { isNamed, isTroubleNamed }: Naming): Markup {
  const size = isNamed ? 13 : 6;
  const shape = host.votes
    ? `<rect x="${x - size}" y="${y - size}" width="${size * 2}" height="${size * 2}" rx="3"/>`
    : `<circle cx="${x}" cy="${y}" r="${size}"/>`;
  const isShown = isNamed || (isTroubleNamed && (host.tone === 'bad' || host.tone === 'wait'));
  const name = isShown ? markup`<text x="${x}" y="${y + size + 17}">${shortened(host.id)}</text>` : '';
  const sign = host.tone === 'bad' ? markup`<text class="sign" x="${x}" y="${y + 5}">✕</text>` : '';
  return markup`<g class="host ${host.tone}${host.isSelf ? ' self' : ''}">${trusted(shape)}${isNamed ? sign : ''}${name}</g>`;
}

function shortened(name: string): string {
  return name.length <= NAME_CHARACTERS_MAX ? name : `${name.slice(0, NAME_CHARACTERS_MAX - 1)}…`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
