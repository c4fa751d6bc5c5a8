import { useMemo, useState } from 'preact/hooks';
import { Problem } from '../parts/Problem.js';
import { VirtualList } from '../parts/VirtualList.js';
import { WORDS } from '../words.js';
import { CallRow } from './CallRow.js';
import { callsOf, type Call } from './live.js';
import { useLive } from './useLive.js';

const { calls: words } = WORDS;

type Filter = keyof typeof words.filters;

const MATCHES: Record<Filter, (call: Call) => boolean> = {
  all: () => true,
  recorded: ({ state }) => state !== 'none',
  masked: ({ state }) => state === 'masked',
  unrecorded: ({ state }) => state === 'none',
};

/** Pixels of a row, which the style gives it too. */
const ROW = 72;

export function Calls() {
  const { live, isConnected, problem, again, take } = useLive();
  const [filter, setFilter] = useState<Filter>('all');
  const [search, setSearch] = useState('');
  const [said, setSaid] = useState<{ text: string; isBad: boolean }>();
  const all = useMemo(() => (live ? callsOf(live) : []), [live]);
  const shown = useMemo(() => {
    const text = search.toLowerCase();
    return all.filter((call) => MATCHES[filter](call) && wordsOf(call).includes(text));
  }, [all, filter, search]);

  return (
    <>
      <div class="heading">
        <h1>{words.title}</h1>
        <span class={isConnected ? 'live on' : 'live'}>{isConnected ? words.live : words.connecting}</span>
      </div>
      {live && !isConnected && (
        <p class="note bad" role="alert">
          {words.lost}
        </p>
      )}
      <div class="filters">
        <label>
          {words.search}
          <input
            type="search"
            placeholder={words.searchHelp}
            value={search}
            onInput={(event) => setSearch(event.currentTarget.value)}
          />
        </label>
        <label>
          {words.filter}
          <select value={filter} onChange={(event) => setFilter(event.currentTarget.value as Filter)}>
            {Object.entries(words.filters).map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <output>{live && words.count(shown.length, all.length)}</output>
      </div>
      <p class={said?.isBad ? 'said bad' : 'said'} role="status">
        {said?.text}
      </p>
      {problem !== undefined && <Problem of={problem} again={again} />}
      {!live && problem === undefined && <p class="loading">{WORDS.loading}</p>}
      {live && shown.length === 0 && <p class="empty">{all.length === 0 ? words.empty : words.noMatch}</p>}
      {shown.length > 0 && (
        <VirtualList
          label={words.list}
          items={shown}
          rowHeight={ROW}
          keyOf={({ leg }) => leg.uuid}
          row={(call) => <CallRow call={call} take={take} say={setSaid} />}
        />
      )}
    </>
  );
}

function wordsOf({ from, to, leg }: Call): string {
  return [from, to, leg.caller_id_name, leg.caller_id_number, leg.destination].join(' ').toLowerCase();
}
