// What happens in a simulated mesh, in words: one line for each event and each effect, for a person who follows a run.

import type { Owner } from '../../mesh/owner.ts';
import type { Item, ItemAnswer } from '../../mesh/register/item.ts';
import type { Effect, Event } from '../../mesh/state/events.ts';
import type { ClaimAnswer, ClaimQuestion, ReleasedStanding, Reply } from '../../mesh/state/messages.ts';

export function describeEvent(event: Event): string {
  switch (event.type) {
    case 'received':
      return `<- ${event.from}: ${event.message.items.map(itemText).join('; ')} (epoch ${event.message.epoch})`;
    case 'answered':
      return `<- ${event.from} answers: ${answerText(event.answer)}`;
    case 'asked':
      return `<- ${event.from} asks: ${questionText(event.question)}`;
    case 'replied':
      return `<- ${event.from} replies: ${replyText(event.reply)}`;
    case 'claim':
      return `claims ${event.claims.map(({ key, owner }) => `${key} as ${owner.claimId}`).join(', ')}`;
    case 'evict':
      return `is told to evict ${event.host}`;
    case 'recover':
      return `is told to go on with ${event.voters.join(', ')}`;
    case 'confirm':
      return `confirms ${event.claims.map(({ key, owner }) => `${key} as ${owner.claimId}`).join(', ')}`;
    case 'release':
      return `releases ${event.claims.map(({ key, claimId }) => `${claimId} of ${key}`).join(', ')}`;
    case 'read':
      return `asks who owns ${event.key}`;
    case 'wished':
      return `hosts.json is edited: voters ${event.wish.voters.join(', ')}`;
    case 'silent':
    case 'ungreeted':
      return `hears nothing from ${event.from}`;
    case 'attemptOver':
      return `gives up attempt ${event.n}`;
    case 'operationOver':
      return `operation ${event.operation} is out of time`;
    default:
      return `(${event.type})`;
  }
}

export function describeEffect(effect: Effect): string {
  switch (effect.type) {
    case 'send':
      return `-> ${effect.to}: ${effect.items.map(itemText).join('; ')}`;
    case 'ask':
      return `-> ${effect.to}: ${questionText(effect.question)}`;
    case 'answer':
      return `answers: ${answerText(effect.answer)}`;
    case 'reply':
      return `replies: ${replyText(effect.reply)}`;
    case 'persist':
      return effect.writes.length === 0
        ? 'waits for its disk'
        : `writes ${effect.writes.map(({ key, value }) => `${value === undefined ? 'no ' : ''}${key}`).join(', ')}`;
    case 'log':
      return `logs ${effect.event} ${JSON.stringify(effect.fields)}`;
    case 'doubt':
      return `doubts what it holds: ${effect.why}`;
    case 'finish':
      return `ends operation ${effect.operation}: ${effect.result.kind}${'owner' in effect.result ? ` ${ownerText(effect.result.owner)}` : ''}`;
    case 'timer':
      return `will be called in ${effect.afterMs[0]} ms: ${effect.event.type}`;
    case 'event':
      return `goes on: ${effect.event.type}`;
  }
}

function itemText(item: Item): string {
  const value = item.kind === 'accept' ? ` ${ownerText(item.value)}` : '';
  return `${item.kind} ${item.key} #${item.n}${value}`;
}

function answerText(answer: ClaimAnswer): string {
  if (answer.kind !== 'items') return placeText(answer);
  return answer.items.map(itemAnswerText).join('; ');
}

function itemAnswerText(item: ItemAnswer): string {
  switch (item.kind) {
    case 'promise':
      return `promise #${item.n} (has ${ownerText(item.value)}${item.accepted === null ? '' : ` of #${item.accepted[0]} ${item.accepted[1]}`})`;
    case 'nack':
      return `nack #${item.n} (promised #${item.promised[0]} ${item.promised[1]})`;
    case 'veto':
      return `veto #${item.n} (holds ${ownerText(item.owner)})`;
    case 'accepted':
      return `accepted #${item.n}`;
  }
}

function questionText(question: ClaimQuestion): string {
  switch (question.about) {
    case 'greeting':
      return `greeting (epoch ${question.epoch}, ${question.incarnation.slice(0, 6)})`;
    case 'again':
      return `greeting again (${question.profile})`;
    case 'succession':
      return `${question.kind} the successor of epoch ${question.epoch} #${question.n}`;
    case 'keys':
      return `which registers, above '${question.after}', in epoch ${question.epoch}?`;
    case 'released':
      return `how do ${question.keys.join(', ')} stand, in epoch ${question.epoch}?`;
    case 'collect':
      return `collect ${question.registers.map(({ key, ballot }) => `${key} of #${ballot.join(' ')}`).join(', ')}`;
  }
}

function replyText(reply: Reply): string {
  if ('about' in reply && reply.about === 'again') return `greeting again (${reply.profile})`;
  if ('about' in reply) return `greeting (epoch ${reply.epoch}, ${reply.incarnation.slice(0, 6)})`;
  if (reply.kind === 'keys') return `${reply.keys.length} registers${reply.more ? ', and more' : ''}`;
  if (reply.kind === 'released') return reply.standings.map(standingText).join('; ');
  if (reply.kind === 'promise' || reply.kind === 'accepted' || reply.kind === 'nack')
    return `${reply.kind} #${reply.n}`;
  return placeText(reply);
}

function placeText(answer: { readonly kind: string; readonly config?: { readonly epoch: number } }): string {
  return answer.config === undefined ? answer.kind : `${answer.kind} (epoch ${answer.config.epoch})`;
}

function ownerText(owner: Owner | null): string {
  return owner === null ? 'nobody' : owner.claimId;
}

function standingText(standing: ReleasedStanding): string {
  return standing.is === 'kept' ? standing.is : `${standing.is} at #${standing.ballot.join(' ')}`;
}
