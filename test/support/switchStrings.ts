import fc from 'fast-check';

/*
 * FreeSWITCH's readers of text, ported from 1.10.12, to say what a command of ours is to it.
 */

/** Text that is full of what means something to the switch. */
export const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ' ',
        "'",
        '"',
        '\\',
        ',',
        ';',
        '=',
        '%',
        '$',
        '${',
        '{',
        '}',
        '(',
        ')',
        '^^',
        '\n',
        '\r',
        '\t',
        '\v',
      ),
      fc.constantFrom('n', 's', 'x', '%20', '${uuid}', '\\n', "\\'", '\\$', '$\\{', 'é', '😀', '/a/b.wav'),
    ),
  )
  .map((parts) => parts.join(''));

/** `switch_separate_string` (`switch_utils.c`): the last of `max` arguments takes the rest. */
export function separate(text: string, delimiter: string, max: number): string[] {
  if (text.startsWith('^^') && text.length > 3) {
    delimiter = text.charAt(2);
    text = text.slice(3);
  }
  const blank = delimiter === ' ';
  const parts: string[] = [];
  let at = 0;
  while (at < text.length && parts.length < max) {
    if (parts.length + 1 === max) {
      parts.push(text.slice(at));
      break;
    }
    const begin = at;
    while (blank && text[at] === ' ') at++;
    let quoted = false;
    for (; at < text.length; at++) {
      const char = text[at];
      if (char === '\\') at++;
      else if (char === "'" && (blank || quoted || text.includes("'", at + 1))) quoted = !quoted;
      else if (char === delimiter && !quoted) break;
    }
    parts.push(text.slice(begin, at));
    at++;
    while (blank && text[at] === ' ') at++;
  }
  return parts.map((part) => cleanUp(part, blank ? '' : delimiter));
}

const UNESCAPED: Record<string, string> = { n: '\n', r: '\r', t: '\t', s: ' ' };

/** `cleanup_separated_string`: takes quotes, escapes and the blanks around away. */
function cleanUp(text: string, delimiter: string): string {
  text = text.replace(/^ +/, '');
  let out = '';
  let end: number | undefined;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    const next = text.charAt(at + 1);
    if (char === '\\' && next !== '') {
      const plain = `'"\\${delimiter}`.includes(next) ? next : UNESCAPED[next];
      if (plain !== undefined) {
        at++;
        out += plain;
        end = out.length;
        continue;
      }
    }
    if (char === "'" && (quoted || text.includes("'", at + 1))) {
      quoted = !quoted;
      if (quoted) end = out.length;
    } else {
      out += char;
      if (char !== ' ' || quoted) end = out.length;
    }
  }
  return end === undefined ? out : out.slice(0, end);
}

/** `switch_strip_whitespace`, through which the arguments of every `api` go. */
export function strip(text: string): string {
  return text.replace(/^[\r\n\t \v]+|[\r\n\t \v]+$/g, '');
}

/** The fifth argument of uuid_record: `switch_url_decode`, then `switch_event_create_brackets`. */
export function brackets(text: string): Record<string, string> {
  const decoded = text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
  if (!decoded.startsWith('{')) return {};
  let depth = 0;
  let end = 0;
  for (; end < decoded.length; end++) {
    if (decoded[end] === '{') depth++;
    else if (decoded[end] === '}' && --depth === 0) break;
  }
  if (depth > 0) return {};
  const variables: Record<string, string> = {};
  for (const item of separate(decoded.slice(1, end), ',', 1024)) {
    const pair = separate(item, '=', 2);
    if (pair.length === 2) variables[pair[0]!] = pair[1]!;
  }
  return variables;
}

/**
 * `switch_channel_expand_variables` (`switch_channel.c`): `${name}` and `${api(arguments)}`, each expanded inside, and
 * what a variable holds expanded again.
 */
export function expand(
  text: string,
  variable: (name: string) => string,
  api: (name: string, args: string) => string = () => '',
): string {
  if (!/\$\\*\{/.test(text) && !/\\[\\nst']/.test(text)) return text;
  let out = '';
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    const next = text.charAt(at + 1);
    if (char === '\\' && next === '$') {
      at += text[at + 2] === '$' ? 2 : 1;
      out += '$';
    } else if (char === '\\' && next === "'") {
      at++;
    } else if (char === '\\' && next === '\\') {
      at++;
      out += '\\';
    } else if (char === '$' && next === '{') {
      let depth = 1;
      let end = at + 2;
      for (; end < text.length; end++) {
        if (text[end] === '{') depth++;
        else if (text[end] === '}' && --depth === 0) break;
      }
      const inside = text.slice(at + 2, end);
      at = end;
      const call = /^([^ (]+)[ (](.*?)\)?$/s.exec(inside);
      if (call) out += api(call[1]!, expand(call[2]!, variable, api));
      else out += expand(variable(expand(inside, variable, api)), variable, api);
    } else {
      out += char;
    }
  }
  return out;
}
