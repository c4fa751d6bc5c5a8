import { useState } from 'preact/hooks';
import { ask, inAccount } from '../api.js';
import { useAsked } from '../parts/asked.js';
import { Loaded } from '../parts/Loaded.js';
import { route } from '../route.js';
import { WORDS } from '../words.js';
import { RecordingFilters } from './RecordingFilters.js';
import { RecordingPage } from './RecordingPage.js';
import { RecordingTable } from './RecordingTable.js';
import type { Recording } from './recording.js';

const { recordings: words } = WORDS;
const PAGE_SIZE = '50';
/** As where the style makes a list of a table's rows. */
const TELEPHONE = matchMedia('(max-width: 45rem)');

export function Recordings() {
  const [, id] = route.value;
  return id === undefined ? <RecordingList /> : <RecordingPage id={id} key={id} />;
}

function RecordingList() {
  const [query, setQuery] = useState('');
  /** The start keys of the pages up to this one. */
  const [keys, setKeys] = useState<string[]>([]);
  const asked = useAsked(() => {
    const start = keys.at(-1);
    const page = new URLSearchParams({
      page_size: PAGE_SIZE,
      ...(start !== undefined && { start_key: start }),
    });
    return ask<Recording[]>('GET', `${inAccount('recordings')}?${page.toString()}&${query}`);
  }, [query, keys]);
  const find = (given: string) => {
    setKeys([]);
    setQuery(given);
  };
  return (
    <>
      <h1>{words.title}</h1>
      <details open={!TELEPHONE.matches}>
        <summary>{words.filters}</summary>
        <RecordingFilters onChange={find} />
      </details>
      <Loaded asked={asked}>
        {({ data, next_start_key: next }) => (
          <>
            {data.length === 0 ? (
              <p class="empty">{query === '' ? words.empty : words.noMatch}</p>
            ) : (
              <RecordingTable recordings={data} />
            )}
            <nav class="actions" aria-label={words.paging}>
              {keys.length > 0 && (
                <button type="button" onClick={() => setKeys(keys.slice(0, -1))}>
                  {words.newer}
                </button>
              )}
              {next !== undefined && (
                <button type="button" onClick={() => setKeys([...keys, next])}>
                  {words.older}
                </button>
              )}
            </nav>
          </>
        )}
      </Loaded>
    </>
  );
}
