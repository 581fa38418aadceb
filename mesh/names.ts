// Names that are parsed once where text comes in (HTTP, a peer, a file, the environment) and are trusted from there on. A function that takes
// a `HostId` checks nothing; a function that takes a `string` must parse it.
// A branded type is a promise to the compiler only: a cast anywhere else would break it.
declare const brand: unique symbol;
type Name<Kind extends string> = string & { readonly [brand]: Kind };

/** A host of the mesh: 1–64 of `a-z 0-9 . _ -`, lower-cased, beginning with a letter or digit. */
export type HostId = Name<'HostId'>;
/** An agent, unique on its host: 1–128 of `A-Z a-z 0-9 . _ -`, beginning with a letter or digit. */
export type AgentId = Name<'AgentId'>;
/** An address as it is stored and shown: parsed, NFC, lower-cased, domain as U-labels. */
export type EmailAddress = Name<'EmailAddress'>;
/** What two addresses are compared by, and the name of an address's register: the address case-folded, domain as A-labels. */
export type AddressKey = Name<'AddressKey'>;
/** Made by the claimant for each claim of an address, so that two claims of one agent can be told apart. */
export type ClaimId = Name<'ClaimId'>;

const HOST_ID = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const IDENTIFIER = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
/** Names that every plain object has a member for. They are refused as ids, since a client may index an object by ids. */
const PROTOTYPE_NAMES = new Set(
  [...Object.getOwnPropertyNames(Object.prototype), 'prototype'].map((name) => name.toLowerCase()),
);

/** The text as a host id, lower-cased; `undefined` when it can't be one. */
export function parseHostId(text: string): HostId | undefined {
  const id = text.trim().toLowerCase();
  return HOST_ID.test(id) && !isPrototypeName(id) ? (id as HostId) : undefined;
}

/** The text as an agent id; `undefined` when it can't be one. */
export function parseAgentId(text: string): AgentId | undefined {
  return IDENTIFIER.test(text) && !isPrototypeName(text) ? (text as AgentId) : undefined;
}

/** Whether every JavaScript object inherits a member of that name (`constructor`, `__proto__`, …), in upper or lower case. */
export function isPrototypeName(name: string): boolean {
  return PROTOTYPE_NAMES.has(name.toLowerCase());
}
