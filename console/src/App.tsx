import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { Calls } from './calls/Calls.js';
import { Header } from './Header.js';
import { Login } from './Login.js';
import { Metaflows } from './metaflows/Metaflows.js';
import { Recordings } from './recordings/Recordings.js';
import { route } from './route.js';
import { session } from './session.js';
import { Site } from './site/Site.js';
import { Start } from './Start.js';
import { Webhooks } from './webhooks/Webhooks.js';
import { WORDS } from './words.js';

const PAGES: Partial<Record<keyof typeof WORDS.pages, ComponentType>> = {
  start: Start,
  calls: Calls,
  recordings: Recordings,
  metaflows: Metaflows,
  webhooks: Webhooks,
  site: Site,
};

export function App() {
  const [name = ''] = route.value;
  const page = Object.hasOwn(PAGES, name) ? (name as keyof typeof PAGES) : 'start';
  const isIn = session.value !== undefined && session.value.shown !== '';
  useEffect(() => {
    const title = isIn ? WORDS.pages[page] : WORDS.login.title;
    document.title = `${title} – ${WORDS.name}`;
  }, [page, isIn]);
  if (!isIn) return <Login />;
  const Page = PAGES[page] ?? Start;
  return (
    <>
      <a class="skip" href="#main" onClick={focusMain}>
        {WORDS.skip}
      </a>
      <Header page={page} pages={Object.keys(PAGES)} />
      <main id="main" tabIndex={-1} key={session.value?.shown}>
        <Page />
      </main>
    </>
  );
}

/** The address names the page, so that the link itself cannot be followed. */
function focusMain(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}
