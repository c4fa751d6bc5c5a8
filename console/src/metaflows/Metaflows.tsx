import { ApiError, ask, inAccount } from '../api.js';
import { useAsked } from '../parts/asked.js';
import { Loaded } from '../parts/Loaded.js';
import { route } from '../route.js';
import { session } from '../session.js';
import { WORDS } from '../words.js';
import type { Metaflows as Document } from '../../../src/generated/metaflows.js';
import { Editor } from './Editor.js';
import { loadSchema } from './schema.js';
import { ScopePicker } from './ScopePicker.js';

const { metaflows: words } = WORDS;

/** Whose metaflows a page is about. */
export interface Scope {
  level: 'account' | 'user' | 'device';
  id: string;
}

export function Metaflows() {
  const scope = scopeOf(route.value);
  const path = pathOf(scope);
  const asked = useAsked(async () => {
    const [schema, own, inherited] = await Promise.all([
      loadSchema(),
      ask<Document>('GET', path),
      scope.level === 'account' ? undefined : inheritedOf(),
    ]);
    return { path, schema, own: own.data, inherited };
  }, [path]);
  return (
    <>
      <h1>{words.title}</h1>
      {session.value?.role !== 'user' && <ScopePicker scope={scope} key={path} />}
      <Loaded asked={asked}>
        {(loaded) =>
          loaded.path === path && (
            <Editor
              key={`${path} ${JSON.stringify(loaded.own)}`}
              scope={scope}
              {...loaded}
              saved={asked.again}
            />
          )
        }
      </Loaded>
    </>
  );
}

/** A user's token is for that user's alone. */
function scopeOf([, kind, id = '']: readonly string[]): Scope {
  const { user } = session.value ?? {};
  if (user !== undefined) return { level: 'user', id: user };
  if (kind === 'users') return { level: 'user', id };
  return kind === 'devices' ? { level: 'device', id } : { level: 'account', id: '' };
}

function pathOf({ level, id }: Scope): string {
  return level === 'account' ? inAccount('metaflows') : inAccount(`${level}s`, id, 'metaflows');
}

/** The account's, where the visitor may see them. */
async function inheritedOf(): Promise<Document | undefined> {
  try {
    return (await ask<Document>('GET', inAccount('metaflows'))).data;
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return undefined;
    throw error;
  }
}
