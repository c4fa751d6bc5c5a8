import { mayLeave, to } from './route.js';
import { isSiteAdmin, session } from './session.js';
import { WORDS } from './words.js';

const { header } = WORDS;

type Name = keyof typeof WORDS.pages;

export function Header({ page, pages }: { page: Name; pages: readonly string[] }) {
  const { role = 'viewer', account, user, shown = '' } = session.value ?? {};
  const names = (pages as Name[]).filter((name) =>
    name === 'webhooks' ? role !== 'user' : name !== 'site' || isSiteAdmin.value,
  );
  const change = (value: object | undefined) => () => {
    if (mayLeave()) session.value = session.value && value && { ...session.value, ...value };
  };
  return (
    <header class="top">
      <a class="brand" href={to('start')}>
        {WORDS.name}
      </a>
      <nav aria-label={header.navigation}>
        <ul>
          {names.map((name) => (
            <li key={name}>
              <a href={to(name)} aria-current={name === page ? 'page' : undefined}>
                {WORDS.pages[name]}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div class="who">
        <span>
          <strong>{shown}</strong> {user ?? header.roles[role]}
        </span>
        {account === null && (
          <button type="button" class="quiet" onClick={change({ shown: '' })}>
            {header.switchAccount}
          </button>
        )}
        <button type="button" class="quiet" onClick={change(undefined)}>
          {header.logOut}
        </button>
      </div>
    </header>
  );
}
