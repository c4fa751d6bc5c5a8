import type { Metaflows } from '../../../src/generated/metaflows.js';
import { codesOf, type Code, type Level, type Levels } from '../../../src/metaflows/codes.js';
import { compile } from '../../../src/metaflows/compile.js';
import { Table } from '../parts/Table.js';
import { WORDS } from '../words.js';
import type { Draft } from './Editor.js';
import { meaningOf } from './meaning.js';

const { metaflows: words } = WORDS;

interface Props {
  levels: Levels;
  /** Whose metaflows are written. */
  level: Level;
  merged: Metaflows;
  isReadOnly: boolean;
  edit: (draft: Draft) => void;
  remove: (code: Pick<Draft, 'kind' | 'name'>) => void;
}

/** What each code does, where it comes from, and which make each other wait. */
export function CodeTable({ levels, level, merged, isReadOnly, edit, remove }: Props) {
  const codes = codesOf(levels);
  const { bindingDigit, digitTimeoutMs } = compile(merged);
  const nameOf = ({ kind, code }: Code) => (kind === 'number' ? code.slice(bindingDigit.length) : code);
  const draftOf = (code: Code): Draft => {
    const name = nameOf(code);
    return { kind: code.kind, name, node: merged[`${code.kind}s`]?.[name] ?? { module: 'none' } };
  };
  const waiting = codes.filter(({ waits }) => waits);
  return (
    <section class="card" aria-labelledby="codes">
      <h2 id="codes">{words.codes}</h2>
      {waiting.map(({ code }) => (
        <p key={code} class="note warn">
          {words.waits(code, digitTimeoutMs, longerThan(code, codes))}
        </p>
      ))}
      {codes.length === 0 ? (
        <p class="empty">{words.empty}</p>
      ) : (
        <Table
          label={words.codes}
          columns={[words.code, words.does, words.comesFrom, !isReadOnly && words.change]}
          naming={words.code}
          rows={codes.map((code) => ({
            key: `${code.kind} ${code.code}`,
            cells: [
              <>
                <code>{code.code}</code> {code.kind === 'pattern' && <small>{words.kinds.pattern}</small>}
              </>,
              meaningOf(draftOf(code).node),
              words.from[code.from] +
                (code.instead_of.length === 0
                  ? ''
                  : `, ${words.insteadOf(code.instead_of.map((each) => words.from[each]))}`),
              <span class="actions">
                <button
                  type="button"
                  aria-label={words.changeOf(code.from === level ? words.edit : words.override, code.code)}
                  onClick={() => edit(draftOf(code))}
                >
                  {code.from === level ? words.edit : words.override}
                </button>
                {code.from === level && (
                  <button
                    type="button"
                    aria-label={words.changeOf(words.remove, code.code)}
                    onClick={() => remove({ kind: code.kind, name: nameOf(code) })}
                  >
                    {words.remove}
                  </button>
                )}
              </span>,
            ],
          }))}
        />
      )}
      {!isReadOnly && (
        <button
          type="button"
          onClick={() => edit({ kind: 'number', name: '', node: { module: 'record_call' } })}
        >
          {words.add}
        </button>
      )}
    </section>
  );
}

/** Other codes that begin with this one; none: it is a pattern that may go on. */
function longerThan(code: string, codes: readonly Code[]): string[] {
  return codes
    .filter((other) => other.kind === 'number' && other.code !== code && other.code.startsWith(code))
    .map((other) => other.code);
}
