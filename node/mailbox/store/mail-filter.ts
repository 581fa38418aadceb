// The conditions of a list, as SQL. A list that shows nothing hidden goes by the index of its inbox and time.
import type { SQLInputValue } from 'node:sqlite';
import type { ListPlace } from '../list.ts';
import type { HiddenLabel, MailFilter, MailsQuestion } from '../stored-mail.ts';
import { LOWER_CASE } from './database.ts';

const HIDDEN: readonly HiddenLabel[] = ['spam', 'blocked', 'unauthenticated', 'trash'];

export interface LabelledTable {
  readonly name: 'message' | 'thread';
  readonly labels: string;
}

/** What mails and threads are filtered by: their columns, and where their labels are. */
export interface FilteredTable extends LabelledTable {
  readonly time: string;
  readonly from: string;
  readonly to: string;
}

export interface Condition {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

/** Everything that a row of the table must fit, its place in the list included. `inbox`: a row, or none for all of those in the scope. */
export function conditionOf(
  table: FilteredTable,
  question: MailsQuestion,
  inbox: number | undefined,
  shown = shownCondition(table, question.include),
): Condition {
  const { time } = table;
  const inTime: readonly (Condition | undefined)[] = [
    question.before === undefined ? undefined : { sql: `${time} < ?`, values: [question.before] },
    question.after === undefined ? undefined : { sql: `${time} > ?`, values: [question.after] },
    placeCondition(table, question.isAscending, question.place),
  ];
  const all = [
    inbox === undefined ? undefined : { sql: 'inbox = ?', values: [inbox] },
    shown,
    ...(question.denied ?? []).map((label) => ({ sql: `NOT ${hasLabel(table)}`, values: [label] })),
    ...question.labels.map((label) => ({ sql: hasLabel(table), values: [label] })),
    ...inTime,
    ...textConditions(table, question),
  ].filter((one) => one !== undefined);
  return {
    sql: all.map(({ sql }) => `(${sql})`).join(' AND '),
    values: all.flatMap(({ values }) => values),
  };
}

/**
 * The first rows of a list that `conditionOf` fits, and `within`. What is hidden and what is not lie in the index one behind the other, each in
 * the order of the list: both together would be sorted whole.
 */
export function firstRows(
  table: FilteredTable,
  question: MailsQuestion,
  inbox: number | undefined,
  within: Condition = { sql: 'true', values: [] },
): Condition {
  const { name } = table;
  const runs = shownConditions(table, question.include).map((shown) =>
    and(within, conditionOf(table, question, inbox, shown)),
  );
  const [only] = runs;
  if (only !== undefined && runs.length === 1) return only;
  const order = orderOf(table, question.isAscending);
  const first = runs.map(
    ({ sql }) => `SELECT row FROM (SELECT ${name}.row FROM ${name} WHERE ${sql} ${order} LIMIT ?)`,
  );
  return {
    sql: `${name}.row IN (${first.join(' UNION ALL ')})`,
    values: runs.flatMap(({ values }) => [...values, question.limit + 1]),
  };
}

export function and(one: Condition, other: Condition): Condition {
  return { sql: `${one.sql} AND ${other.sql}`, values: [...one.values, ...other.values] };
}

/** The order of a list: by time, and by row where that is the same. */
export function orderOf({ time }: FilteredTable, isAscending: boolean): string {
  const order = isAscending ? 'ASC' : 'DESC';
  return `ORDER BY ${time} ${order}, row ${order}`;
}

function hasLabel({ name, labels }: LabelledTable): string {
  return `EXISTS (SELECT 1 FROM ${labels} WHERE ${labels}.${name} = ${name}.row AND label = ?)`;
}

/** What is hidden is shown when each of its labels that hide it is asked for. */
export function shownCondition(table: LabelledTable, include: readonly HiddenLabel[]): Condition {
  const all = shownConditions(table, include);
  return { sql: all.map(({ sql }) => `(${sql})`).join(' OR '), values: all.flatMap(({ values }) => values) };
}

/** What is not hidden, and what of the hidden is shown, each by itself. */
function shownConditions(table: LabelledTable, include: readonly HiddenLabel[]): readonly Condition[] {
  const open: Condition = { sql: 'hidden = 0', values: [] };
  if (include.length === 0) return [open];
  const others = HIDDEN.filter((label) => !include.includes(label));
  const none = others.map(() => ` AND NOT ${hasLabel(table)}`).join('');
  return [open, { sql: `hidden = 1${none}`, values: others }];
}

function placeCondition({ time }: FilteredTable, isAscending: boolean, place: ListPlace | undefined) {
  if (place === undefined) return undefined;
  return { sql: `(${time}, row) ${isAscending ? '>' : '<'} (?, ?)`, values: [place.atMs, place.row] };
}

function textConditions({ from, to }: FilteredTable, filter: MailFilter): readonly Condition[] {
  const within = (column: string, texts: readonly string[]) => texts.map((text) => containing(column, text));
  return [...within(from, filter.from), ...within(to, filter.to), ...within('subject', filter.subject)];
}

/** Whether a text stands within a column, whatever the case of its letters. LIKE knows that of ASCII alone, and is much faster there. */
export function containing(column: string, text: string): Condition {
  const hasOtherCases = /[^\p{ASCII}]/u.test(text) && text.toLowerCase() !== text.toUpperCase();
  if (hasOtherCases) return { sql: `instr(${LOWER_CASE}(${column}), ?) > 0`, values: [text.toLowerCase()] };
  return { sql: `${column} LIKE ? ESCAPE '\\'`, values: [`%${text.replace(/[\\%_]/g, '\\$&')}%`] };
}
