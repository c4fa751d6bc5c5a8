import { useState } from 'preact/hooks';
import { ask } from '../api.js';
import { Problem } from '../parts/Problem.js';
import type { Session } from '../session.js';
import { WORDS } from '../words.js';

const { site: words } = WORDS;

export function TokenMaker({ made }: { made: (token: string) => void }) {
  const [role, setRole] = useState<Session['role']>('admin');
  const [account, setAccount] = useState('');
  const [user, setUser] = useState('');
  const [problem, setProblem] = useState<unknown>();
  const isUser = role === 'user';
  const make = async () => {
    setProblem(undefined);
    try {
      const grant = { role, account: account === '' ? null : account, ...(isUser && { user }) };
      made((await ask<{ token: string }>('POST', '/tokens', grant)).data.token);
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      <div class="filters">
        <label>
          {words.role}
          <select value={role} onChange={(event) => setRole(event.currentTarget.value as Session['role'])}>
            {Object.entries(WORDS.header.roles).map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <label>
          {words.account}
          <input
            required={isUser}
            value={account}
            placeholder={isUser ? undefined : words.everyAccount}
            onInput={(event) => setAccount(event.currentTarget.value)}
          />
        </label>
        {isUser && (
          <label>
            {words.user}
            <input required value={user} onInput={(event) => setUser(event.currentTarget.value)} />
          </label>
        )}
        <button type="submit">{words.make}</button>
      </div>
      {problem !== undefined && <Problem of={problem} />}
    </form>
  );
}
