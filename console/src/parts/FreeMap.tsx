import { useState } from 'preact/hooks';
import { WORDS } from '../words.js';

const { form: words } = WORDS;

interface Props {
  /** What it is a map of. */
  name: string;
  values: Record<string, unknown>;
  isReadOnly: boolean;
  onChange: (values: Record<string, unknown>) => void;
}

/** Keys and values of one's own: what reads as JSON is JSON, all else is text. */
export function FreeMap({ name, values, isReadOnly, onChange }: Props) {
  // As they are typed: two keys may be the same for a moment, and a key or a value not written yet.
  const [rows, setRows] = useState(() =>
    Object.entries(values).map(([key, value]) => [key, textOf(value)] as const),
  );
  const change = (next: typeof rows) => {
    setRows(next);
    onChange(
      Object.fromEntries(next.filter(([key]) => key !== '').map(([key, text]) => [key, valueOf(text)])),
    );
  };
  return (
    <>
      {rows.map(([key, text], index) => {
        const put = (row: readonly [string, string]) => change(rows.with(index, row));
        return (
          <div class="entry" key={index}>
            <input
              aria-label={words.keyOf(name, index + 1)}
              placeholder={words.key}
              disabled={isReadOnly}
              value={key}
              onInput={(event) => put([event.currentTarget.value, text])}
            />
            <input
              aria-label={words.valueOf(name, index + 1)}
              placeholder={words.value}
              disabled={isReadOnly}
              value={text}
              onInput={(event) => put([key, event.currentTarget.value])}
            />
            {!isReadOnly && (
              <button
                type="button"
                aria-label={words.removeEntry(name, index + 1)}
                onClick={() => change(rows.toSpliced(index, 1))}
              >
                {words.removeShort}
              </button>
            )}
          </div>
        );
      })}
      {!isReadOnly && (
        <button type="button" aria-label={words.addEntry(name)} onClick={() => setRows([...rows, ['', '']])}>
          {words.addShort}
        </button>
      )}
    </>
  );
}

/** A text that would read as something else stands in quotes. */
function textOf(value: unknown): string {
  return typeof value === 'string' && valueOf(value) === value ? value : JSON.stringify(value);
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
