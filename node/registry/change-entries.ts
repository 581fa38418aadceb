// Which events a mutation is, and in which order: a function of the agent before and after it, and of nothing else, so that
// no route can forget one. Addresses are told as the email index shows them: none while email is disabled. What is told has its members in the
// order of canonical JSON (mesh/feed/canonical-json.ts).

import { isSameMetadata } from '../../mesh/feed/row-equality.ts';
import type { AgentChanges, AgentEntry, AgentEvent } from '../changes/change-log.ts';
import type { Agent, AgentAddress } from './agent.ts';
import { type RowChange, rowsBetween } from './index-rows.ts';

/** What happened, without when and where in the log. */
export type ChangeDraft = Pick<AgentEntry, 'event' | 'agent' | 'changes'> & Partial<RowChange>;

/**
 * The events of one mutation: created → `agent.created`, `agent.email.changed`; changed →
 * `agent.email.changed`, `agent.updated`; deleted → `agent.email.changed`, `agent.deleted`. `agent.email.changed` only when
 * addresses come, go or change; nothing at all when nothing changed. The first of them has the rows that the index shows differently
 * afterwards, a new name of the agent among them: so whoever was told of one event of a mutation finds all of it in a copy.
 */
export function changesBetween(before: Agent | undefined, after: Agent | undefined): readonly ChangeDraft[] {
  const [first, ...others] = eventsBetween(before, after);
  return first === undefined ? [] : [{ ...first, ...rowsBetween(before, after) }, ...others];
}

function eventsBetween(before: Agent | undefined, after: Agent | undefined): readonly ChangeDraft[] {
  const named = after ?? before;
  if (named === undefined) return [];
  const agent = { hostId: named.hostId, id: named.id, name: named.name };
  const changes = emailChanges(before, after);
  const draft = (event: AgentEvent): ChangeDraft => ({ event, agent, changes });
  const isShown = changes.added.length + changes.removed.length + changes.modified.length > 0;
  const email = isShown ? [draft('agent.email.changed')] : [];
  if (before === undefined) return [draft('agent.created'), ...email];
  if (after === undefined) return [...email, draft('agent.deleted')];
  const fields = changedFields(before, after);
  if (fields.length === 0) return [];
  const { added, current, modified, removed } = changes;
  return [...email, { event: 'agent.updated', agent, changes: { added, current, fields, modified, removed } }];
}

/** Addresses that are the same object before and after are looked at no further: of ten, mostly one is another. */
function emailChanges(before: Agent | undefined, after: Agent | undefined): AgentChanges {
  const was = shown(before);
  const is = shown(after);
  const left = was.filter((entry) => !is.includes(entry));
  const come = is.filter((entry) => !was.includes(entry));
  const twin = ({ key }: AgentAddress, among: readonly AgentAddress[]) => among.find((entry) => entry.key === key);
  const added = come.filter((entry) => twin(entry, left) === undefined);
  const removed = left.filter((entry) => twin(entry, come) === undefined);
  const modified = come.filter((entry) => {
    const old = twin(entry, left);
    return old !== undefined && !isSameAddress(old, entry);
  });
  return { added: texts(added), current: texts(is), modified: texts(modified), removed: texts(removed) };
}

function changedFields(before: Agent, after: Agent): readonly string[] {
  const isSameEmail =
    before.emailEnabled === after.emailEnabled &&
    before.addresses.length === after.addresses.length &&
    before.addresses.every((entry, at) => isSameAddress(entry, after.addresses[at]));
  return [
    ...(before.name === after.name ? [] : ['name']),
    ...(before.label === after.label ? [] : ['label']),
    ...(isSameMetadata(before.metadata, after.metadata) ? [] : ['metadata']),
    ...(isSameEmail ? [] : ['tools.email']),
  ];
}

function shown(agent: Agent | undefined): readonly AgentAddress[] {
  return agent?.emailEnabled ? agent.addresses : [];
}

function texts(addresses: readonly AgentAddress[]): AgentChanges['current'] {
  return addresses.map((entry) => entry.address);
}

function isSameAddress(one: AgentAddress, other: AgentAddress | undefined): boolean {
  return (
    one === other ||
    (one.key === other?.key &&
      one.primary === other.primary &&
      one.displayName === other.displayName &&
      isSameMetadata(one.metadata, other.metadata))
  );
}
