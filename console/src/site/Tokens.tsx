import { useState } from 'preact/hooks';
import { ask } from '../api.js';
import { ActButton } from '../parts/ActButton.js';
import { useAsked } from '../parts/asked.js';
import { Loaded } from '../parts/Loaded.js';
import { Table } from '../parts/Table.js';
import type { Session } from '../session.js';
import { dateOf } from '../time.js';
import { WORDS } from '../words.js';
import { TokenMaker } from './TokenMaker.js';

const { site: words } = WORDS;

interface Token {
  id: string;
  /** null: every account. */
  account: string | null;
  role: Session['role'];
  user?: string;
  /** ISO 8601. */
  created_at: string;
}

export function Tokens() {
  const asked = useAsked(async () => (await ask<Token[]>('GET', '/tokens')).data);
  const [made, setMade] = useState<string>();
  return (
    <section class="card" aria-labelledby="tokens">
      <h2 id="tokens">{words.tokens}</h2>
      {made !== undefined && (
        <p class="note good" role="status">
          {words.made(made)}
        </p>
      )}
      <Loaded asked={asked}>
        {(tokens) =>
          tokens.length > 0 && (
            <Table
              label={words.tokens}
              columns={[words.token, words.account, words.role, words.user, words.created, words.change]}
              naming={words.token}
              rows={tokens.map(({ id, account, role, user, created_at }) => ({
                key: id,
                cells: [
                  id,
                  account ?? words.everyAccount,
                  WORDS.header.roles[role],
                  user,
                  dateOf(Date.parse(created_at)),
                  <ActButton
                    label={words.deleteOf(id)}
                    question={words.sure(id)}
                    act={() => ask('DELETE', `/tokens/${encodeURIComponent(id)}`)}
                    done={asked.again}
                  >
                    {words.delete}
                  </ActButton>,
                ],
              }))}
            />
          )
        }
      </Loaded>
      <TokenMaker
        made={(token) => {
          setMade(token);
          asked.again();
        }}
      />
    </section>
  );
}
