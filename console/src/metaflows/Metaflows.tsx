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
  /** Of a user: the one whose legs are looked at. */
  device?: string;
}

/** What is inherited; missing where there is nothing, or the visitor may not see it. */
export type Inherited = Partial<Record<'account' | 'device', Document>>;

export function Metaflows() {
  const scope = scopeOf(route.value);
  const path = pathOf(scope);
  const device = scope.device === undefined ? undefined : pathOf({ level: 'device', id: scope.device });
  const asked = useAsked(async () => {
    const [schema, own, ofAccount, ofDevice] = await Promise.all([
      loadSchema(),
      ask<Document>('GET', path),
      scope.level === 'account' ? undefined : seen(inAccount('metaflows')),
      device === undefined ? undefined : seen(device),
    ]);
    const inherited = { ...(ofAccount && { account: ofAccount }), ...(ofDevice && { device: ofDevice }) };
    return { path, device, schema, own: own.data, inherited };
  }, [path, device]);
  return (
    <>
      <h1>{words.title}</h1>
      {session.value?.role !== 'user' && <ScopePicker scope={scope} key={`${path} ${device ?? ''}`} />}
      <Loaded asked={asked}>
        {({ path: loaded, device: ofDevice, ...all }) =>
          loaded === path &&
          ofDevice === device && (
            <Editor
              key={JSON.stringify([path, device, all.own])}
              scope={scope}
              path={path}
              {...all}
              saved={asked.again}
            />
          )
        }
      </Loaded>
    </>
  );
}

/** A user's token is for that user's alone. */
function scopeOf([, kind, id = '', , device]: readonly string[]): Scope {
  const { user } = session.value ?? {};
  if (user !== undefined) return { level: 'user', id: user };
  if (kind === 'users') return { level: 'user', id, ...(device !== undefined && { device }) };
  return kind === 'devices' ? { level: 'device', id } : { level: 'account', id: '' };
}

function pathOf({ level, id }: Pick<Scope, 'level' | 'id'>): string {
  return level === 'account' ? inAccount('metaflows') : inAccount(`${level}s`, id, 'metaflows');
}

/** Undefined where the visitor may not see them. */
async function seen(path: string): Promise<Document | undefined> {
  try {
    return (await ask<Document>('GET', path)).data;
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return undefined;
    throw error;
  }
}
