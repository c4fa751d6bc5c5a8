/** How FreeSWITCH takes arguments apart (switch_utils.c, switch_event.c). */

/**
 * Splits as `switch_separate_string` does: quotes `'…'` keep a delimiter, a backslash escapes it, and
 * `^^X` in front makes X the delimiter. The last of `max` fields keeps the rest.
 */
export function separate(data: string, delimiter: string, max = Infinity): string[] {
  let text = data;
  let by = delimiter;
  if (text.startsWith('^^') && text.length > 3) {
    by = text.charAt(2);
    text = text.slice(3);
  }
  const fields: string[] = [];
  let start = 0;
  let quoted = false;
  for (let i = 0; i < text.length && fields.length < max - 1; i++) {
    const char = text.charAt(i);
    if (char === '\\') i++;
    else if (char === "'" && (by === ' ' || quoted || text.includes("'", i + 1))) quoted = !quoted;
    else if (char === by && !quoted) {
      fields.push(text.slice(start, i));
      while (by === ' ' && text.charAt(i + 1) === ' ') i++;
      start = i + 1;
    }
  }
  if (start < text.length) fields.push(text.slice(start));
  return fields.map((field) => clean(field, by === ' ' ? undefined : by));
}

const UNESCAPED: Record<string, string> = { n: '\n', r: '\r', t: '\t', s: ' ' };

/** `cleanup_separated_string`: removes quotes and spaces at the ends, resolves escapes. */
function clean(field: string, delimiter: string | undefined): string {
  let out = '';
  let end = 0;
  let quoted = false;
  const text = field.replace(/^ +/, '');
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    const next = text.charAt(i + 1);
    if (
      char === '\\' &&
      (next in UNESCAPED || next === "'" || next === '"' || next === '\\' || next === delimiter)
    ) {
      out += UNESCAPED[next] ?? next;
      i++;
      end = out.length;
    } else if (char === "'" && (quoted || text.includes("'", i + 1))) {
      quoted = !quoted;
      if (quoted) end = out.length;
    } else {
      out += char;
      if (char !== ' ' || quoted) end = out.length;
    }
  }
  return out.slice(0, end);
}

/** Takes `{a=b,c=d}` (or another pair of brackets) off the front: the variables and what follows. */
export function brackets(
  data: string,
  open = '{',
  close = '}',
): { variables: Map<string, string>; rest: string } {
  const variables = new Map<string, string>();
  if (!data.startsWith(open)) return { variables, rest: data };
  let depth = 0;
  let end = -1;
  for (let i = 0; i < data.length && end < 0; i++) {
    if (data.charAt(i) === open) depth++;
    else if (data.charAt(i) === close && --depth === 0) end = i;
  }
  if (end < 0) return { variables, rest: data };
  for (const pair of separate(data.slice(1, end), ',')) {
    const [name, value] = separate(pair, '=', 2);
    if (name !== undefined && value !== undefined) variables.set(name, value);
  }
  return { variables, rest: data.slice(end + 1) };
}

/** `switch_true` */
export function isTrue(value: string | undefined): boolean {
  if (value === undefined) return false;
  return (
    /^(yes|on|true|t|enabled|active|allow)$/i.test(value) || (/^-?\d+$/.test(value) && Number(value) !== 0)
  );
}

/** `switch_url_decode`, which leaves what is no escape as it is. */
export function urlDecode(text: string): string {
  const bytes = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return bytes === text ? text : Buffer.from(bytes, 'latin1').toString('utf8');
}

/** `switch_url_encode`, as values are written in plain events. */
export function urlEncode(text: string): string {
  return text.replace(/[\u0000-\u0020"#%&+:;<=>?@[\\\]^`{|}\u0080-\uffff]+/g, (run) =>
    Buffer.from(run, 'utf8').reduce(
      (out, byte) => `${out}%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
      '',
    ),
  );
}
