/** HTML by template: what stands in it is escaped, unless it is HTML already. */

export class Html {
  constructor(private readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

type Part = Html | string | number | readonly Html[] | false | undefined;

export function html(texts: TemplateStringsArray, ...parts: Part[]): Html {
  return new Html(String.raw({ raw: texts }, ...parts.map(rendered)));
}

function rendered(part: Part): string {
  if (part === undefined || part === false) return '';
  if (part instanceof Html || typeof part === 'number') return String(part);
  if (typeof part === 'string') return escaped(part);
  return part.join('');
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
