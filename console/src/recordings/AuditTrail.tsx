import { ask } from '../api.js';
import { useAsked } from '../parts/asked.js';
import { Loaded } from '../parts/Loaded.js';
import { Table } from '../parts/Table.js';
import { dateOf } from '../time.js';
import { WORDS } from '../words.js';

const { audit: words } = WORDS;

interface Line {
  action: keyof typeof words.actions;
  /** ISO 8601. */
  at: string;
  by: keyof typeof words.by;
  user_id?: string;
  token_id?: string;
  result: string;
  hash: string;
}

/** Who did what to a recording; it is asked for anew when something was `done`. */
export function AuditTrail({ path, done }: { path: string; done: number }) {
  const asked = useAsked(async () => (await ask<Line[]>('GET', `${path}/audit`)).data, [path, done]);
  return (
    <section class="card" aria-labelledby="audit">
      <h2 id="audit">{words.title}</h2>
      <Loaded asked={asked}>
        {(lines) => (
          <Table
            label={words.title}
            columns={[words.when, words.what, words.who, words.result]}
            rows={lines.map(({ hash, at, action, by, user_id, token_id, result }) => ({
              key: hash,
              cells: [
                dateOf(Date.parse(at)),
                words.actions[action],
                [words.by[by], user_id, token_id].filter(Boolean).join(' '),
                result,
              ],
            }))}
          />
        )}
      </Loaded>
    </section>
  );
}
