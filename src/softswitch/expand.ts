/** Where an expansion finds what it names. */
export interface Scope {
  /** A variable's value; undefined where there is none. */
  variable(name: string): string | undefined;
  /** What `name` answers to `args`; undefined where there is no such command. */
  api(name: string, args: string): string | undefined;
}

/** Deeper than this FreeSWITCH leaves a text as it is. */
const MAX_DEPTH = 100;

/**
 * `switch_channel_expand_variables`: `${name}`, `${name:offset:length}`, `${command(args)}`, nested;
 * `\$` stands for `$`.
 */
export function expand(text: string, scope: Scope, depth = 0): string {
  if (depth > MAX_DEPTH || !/[$\\]/.test(text)) return text;
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    const next = text.charAt(i + 1);
    if (char === '\\' && next === '$') {
      i += text.charAt(i + 2) === '$' ? 2 : 1;
      out += '$';
    } else if (char === '\\' && next === "'") {
      i++;
    } else if (char === '\\' && next === '\\') {
      i++;
      out += '\\';
    } else {
      const open = text.startsWith('${', i) ? i + 2 : text.startsWith('$${', i) ? i + 3 : undefined;
      if (open === undefined) {
        out += char;
      } else {
        const close = closing(text, open);
        out += evaluate(text.slice(open, close), scope, depth);
        i = close;
      }
    }
  }
  return out;
}

/** The index of the `}` that closes what opened before `from`, or the end of the text. */
function closing(text: string, from: number): number {
  let depth = 1;
  for (let i = from; i < text.length; i++) {
    if (text.charAt(i) === '{') depth++;
    else if (text.charAt(i) === '}' && --depth === 0) return i;
  }
  return text.length;
}

function evaluate(expression: string, scope: Scope, depth: number): string {
  const call = /^([^ (]*)[ (]/.exec(expression);
  if (call) {
    const name = expand((call[1] ?? '').trimEnd(), scope, depth + 1);
    return scope.api(name, expand(inner(expression.slice(call[0].length)), scope, depth + 1)) ?? '';
  }
  const [name = '', offset = '0', length = '0'] = expand(expression, scope, depth + 1).split(':');
  const value = scope.variable(name);
  if (value === undefined) return '';
  const from = Number.parseInt(offset, 10) || 0;
  const count = Number.parseInt(length, 10) || 0;
  const part = expand(value, scope, depth + 1).slice(from);
  return count > 0 ? part.slice(0, count) : part;
}

/** The arguments up to the `)` that closes them. */
function inner(args: string): string {
  let depth = 1;
  for (let i = 0; i < args.length; i++) {
    if (args.charAt(i) === '(') depth++;
    else if (args.charAt(i) === ')' && --depth === 0) return args.slice(0, i);
  }
  return args;
}
