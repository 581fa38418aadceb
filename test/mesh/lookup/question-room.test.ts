import { describe, expect, it } from 'vitest';
import { QUESTIONS_IN_HAND_MAX, QUESTIONS_OF_CLIENT_MAX, QuestionRoom } from '../../../mesh/lookup/question-room.ts';

const times = <T>(count: number, what: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => what(i));

describe('the room for questions', () => {
  it('refuses a client that has its share, and nobody else', () => {
    const room = new QuestionRoom();
    times(QUESTIONS_OF_CLIENT_MAX, () => room.enter('greedy'));
    expect(() => room.enter('greedy')).toThrow(`One client may have ${QUESTIONS_OF_CLIENT_MAX} questions`);
    expect(() => room.enter('modest')).not.toThrow();
  });

  it('has room again for a client whose question ended', () => {
    const room = new QuestionRoom();
    const [leave] = times(QUESTIONS_OF_CLIENT_MAX, () => room.enter('greedy'));
    leave?.();
    expect(() => room.enter('greedy')).not.toThrow();
    expect(() => room.enter('greedy')).toThrow(/One client/);
  });

  it('remembers the last question that a client has under way', () => {
    const room = new QuestionRoom();
    const [first, second] = [room.enter('greedy'), room.enter('greedy')];
    first();
    times(QUESTIONS_OF_CLIENT_MAX - 1, () => room.enter('greedy'));
    expect(() => room.enter('greedy')).toThrow(/One client/);
    second();
    expect(() => room.enter('greedy')).not.toThrow();
  });

  it('refuses everybody when all places are taken, until one is free', () => {
    const room = new QuestionRoom();
    const [leave] = times(QUESTIONS_IN_HAND_MAX, (index) => room.enter(`client ${index}`));
    expect(() => room.enter('late')).toThrow(`This host may have ${QUESTIONS_IN_HAND_MAX} questions`);
    leave?.();
    expect(() => room.enter('late')).not.toThrow();
  });
});
