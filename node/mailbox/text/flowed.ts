// Text whose lines were broken for the way alone (RFC 3676): a line that ends in a space goes on in the next one of the same quote depth.

/** `deletesSpace`: the space was put there for the break (DelSp=yes, §4.2). */
export function unflowed(text: string, deletesSpace: boolean): string {
  const joined: string[] = [];
  let open: { depth: number; words: string } | undefined;
  for (const line of text.split(/\r?\n/)) {
    const depth = quoteDepth(line);
    const bare = line.slice(depth);
    const words = bare.startsWith(' ') ? bare.slice(1) : bare;
    const goesOn: boolean = words.endsWith(' ') && words !== '-- ';
    if (open !== undefined && open.depth !== depth) {
      joined.push(quoted(open));
      open = undefined;
    }
    const shown = goesOn && deletesSpace ? words.slice(0, -1) : words;
    const paragraph: { depth: number; words: string } = { depth, words: (open?.words ?? '') + shown };
    if (!goesOn) joined.push(quoted(paragraph));
    open = goesOn ? paragraph : undefined;
  }
  if (open !== undefined) joined.push(quoted(open));
  return joined.join('\n');
}

function quoteDepth(line: string): number {
  let depth = 0;
  while (line[depth] === '>') depth++;
  return depth;
}

function quoted({ depth, words }: { readonly depth: number; readonly words: string }): string {
  return depth === 0 ? words : `${'>'.repeat(depth)} ${words}`;
}
