import { session } from '../session.js';
import { toGregorian } from '../time.js';
import { WORDS } from '../words.js';

const { recordings: words } = WORDS;

const TIMES = ['created_from', 'created_to'];

/** Tells the query that lists what is looked for. */
export function RecordingFilters({ onChange }: { onChange: (query: string) => void }) {
  const find = (form: HTMLFormElement) => {
    const query = new URLSearchParams();
    for (const [name, given] of new FormData(form)) {
      const text = typeof given === 'string' ? given.trim() : '';
      if (text !== '') query.set(name, TIMES.includes(name) ? String(toGregorian(Date.parse(text))) : text);
    }
    onChange(query.toString());
  };
  return (
    <form
      class="filters"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        find(event.currentTarget);
      }}
    >
      <label>
        {words.number}
        <input name="number" />
      </label>
      {session.value?.role !== 'user' && (
        <label>
          {words.user}
          <input name="user" />
        </label>
      )}
      <label>
        {words.label}
        <input name="label" />
      </label>
      <label>
        {words.state}
        <select name="state">
          <option value="">{words.anyState}</option>
          {Object.entries(words.states).map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <label>
        {words.from}
        <input name="created_from" type="datetime-local" />
      </label>
      <label>
        {words.to}
        <input name="created_to" type="datetime-local" />
      </label>
      <button type="submit">{words.find}</button>
    </form>
  );
}
