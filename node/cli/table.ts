// Rows in columns, as wide as a terminal shows them: a character may take two columns, and a colour none.
import Table from 'cli-table3';

const NO_LINES = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '', mid: '', 'left-mid': '', 'mid-mid': '' },
  ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '', left: '', right: '' },
  ...{ 'right-mid': '', middle: '  ' },
};

/** Lines without spaces at their ends; `head` is the first. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const drawn = new Table({ chars: NO_LINES, style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 } });
  drawn.push([...head], ...rows.map((row) => [...row]));
  return drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}
