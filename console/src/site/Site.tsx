import { WORDS } from '../words.js';
import { Switches } from './Switches.js';
import { Tokens } from './Tokens.js';

/** For the admin of every account. */
export function Site() {
  return (
    <>
      <h1>{WORDS.site.title}</h1>
      <Switches />
      <Tokens />
    </>
  );
}
