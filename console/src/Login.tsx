import { useState } from 'preact/hooks';
import { logIn } from './api.js';
import { Problem } from './parts/Problem.js';
import { isExpired, session } from './session.js';
import { WORDS } from './words.js';

const { login } = WORDS;

/** Asks for a token, and for an account where it is for all of them. */
export function Login() {
  const [problem, setProblem] = useState<unknown>(isExpired.value ? login.expired : undefined);
  const [isBusy, setBusy] = useState(false);
  const known = session.value;

  const enter = async (form: HTMLFormElement) => {
    const text = (name: string) => (form.elements.namedItem(name) as HTMLInputElement).value.trim();
    if (known) {
      session.value = { ...known, shown: text('account') };
      return;
    }
    setBusy(true);
    try {
      const found = await logIn(text('token'));
      isExpired.value = false;
      if (found) session.value = found;
      setProblem(found ? undefined : login.refused);
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  };

  return (
    <main class="login">
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          void enter(event.currentTarget);
        }}
      >
        <h1>{WORDS.name}</h1>
        {problem !== undefined && <Problem of={problem} />}
        {known ? (
          <label>
            {login.account}
            <input key="account" name="account" required autofocus placeholder={login.accountPlaceholder} />
            <small>{login.accountHelp}</small>
          </label>
        ) : (
          <label>
            {login.token}
            <input key="token" name="token" type="password" required autofocus autocomplete="off" />
            <small>{login.where}</small>
          </label>
        )}
        <button type="submit" class="primary" disabled={isBusy}>
          {known ? login.open : login.submit}
        </button>
      </form>
    </main>
  );
}
