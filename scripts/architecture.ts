/**
 * What docs/architecture.md shows, as it is in src/: which folder imports which, and where each touches the world. Throws
 * where folders import each other in a circle, but for types, and where one has no line here.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { heightsOf } from './picture.js';

const SOURCE = fileURLToPath(new URL('../src/', import.meta.url));

/** The files of src/ itself that nothing but each other imports; the other ones are for everybody, and not drawn. */
const WIRING = 'service';
/** Made from schemas/; types alone. */
const GENERATED = 'generated';

const ABOUT: Record<string, string> = {
  [WIRING]: 'reads the environment, wires the parts, keeps what is known of each switch in step with it',
  cluster:
    'which instance acts for a switch: its lease, judged by a pure policy; what is asked of the others',
  switch:
    'all that knows FreeSWITCH’s event socket: connections, events as a typed union, commands and their escaping',
  calls: 'legs, bridges, whose leg it is, tones for whoever pressed',
  metaflows:
    'collecting digits (pure), matching, merging (pure), binding codes inside the switch, running a node',
  recording:
    'the states (pure); the recorder, which alone issues uuid_record; following calls, finishing, recovery',
  audit: 'what is accounted for, and its chain (pure)',
  retention: 'what is deleted after its time',
  delivery: 'webhooks, the live stream, uploads, texts: the outbox, and when something is tried again (pure)',
  store: 'documents in PouchDB or CouchDB',
  cli: 'the command line: over HTTP, but for the doctor, which asks the switches',
  http: 'the app; a folder for each system’s API, listed in `app.ts`; `openapi/` describes them; the console is served here',
  softswitch: 'the embedded switch: speaks the event socket, makes real audio',
};

/** Packages that touch the world, of some of them only these names. */
const BORDERS: [border: string, packages: readonly string[], names?: readonly string[]][] = [
  ['event socket', ['modesl']],
  ['event socket', ['node:net'], ['createServer']],
  ['HTTP', ['express', 'node:http', 'node:https', 'fetch']],
  ['database', ['pouchdb']],
  ['disk', ['node:fs', 'node:fs/promises']],
];

export interface Folder {
  name: string;
  /** What it runs of others. */
  uses: Set<string>;
  /** Of which it knows the types alone. */
  knows: Set<string>;
  borders: Set<string>;
}

interface Import {
  from: string;
  isType: boolean;
  names: string[];
}

/** What src/ has: its folders and {@link WIRING}, whoever uses others first, and the files that are for everybody. */
export function architecture(): { folders: Folder[]; wiring: string[]; common: string[] } {
  const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .filter((file) => /(?<!\.d)\.ts$/.test(file))
    .map((file) => ({ file, imports: importsOf(file) }));
  const isRoot = (file: string) => file.endsWith('.ts') && !file.includes(sep);
  const common = new Set(
    files.flatMap(({ file, imports }) =>
      isRoot(file) ? [] : imports.map(({ from }) => from).filter(isRoot),
    ),
  );
  const folderOf = (file: string) => {
    if (!isRoot(file)) return file.split(sep, 1)[0] ?? '';
    return common.has(file) ? '' : WIRING;
  };
  const found = new Map<string, Folder>();
  for (const { file, imports } of files) {
    const name = folderOf(file);
    if (name === '' || name === GENERATED) continue;
    const folder = found.get(name) ?? { name, uses: new Set(), knows: new Set(), borders: new Set() };
    found.set(name, folder);
    for (const { from, isType, names } of imports) {
      const other = /\.ts$/.test(from) ? folderOf(from) : '';
      if (other !== '' && other !== name && other !== GENERATED)
        (isType ? folder.knows : folder.uses).add(other);
      for (const [border, packages, only = names] of isType ? [] : BORDERS) {
        if (packages.includes(from) && names.some((each) => only.includes(each))) folder.borders.add(border);
      }
    }
  }
  for (const { uses, knows } of found.values()) for (const name of uses) knows.delete(name);
  const missing = [...found.keys()].filter((name) => !(name in ABOUT));
  const gone = Object.keys(ABOUT).filter((name) => !found.has(name));
  if (missing.length + gone.length > 0) {
    throw new Error(
      `scripts/architecture.ts has no line for: ${missing.join()}; one too many for: ${gone.join()}`,
    );
  }
  const all = [...found.values()];
  const heights = heightsOf(all);
  all.sort((a, b) => (heights.get(b.name) ?? 0) - (heights.get(a.name) ?? 0) || (a.name < b.name ? -1 : 1));
  const wiring = files.map(({ file }) => file).filter((file) => folderOf(file) === WIRING);
  return { folders: all, wiring: wiring.sort(), common: [...common].sort() };
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(SOURCE, file), 'utf8');
  const { statements } = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  // What Node.js has without an import.
  const global = /\bawait fetch\(/.test(text) ? [{ from: 'fetch', isType: false, names: ['fetch'] }] : [];
  const imports = statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) return [];
    const { text: from } = statement.moduleSpecifier;
    const { importClause: clause } = statement;
    const named =
      clause?.namedBindings && ts.isNamedImports(clause.namedBindings) ? clause.namedBindings.elements : [];
    const running = named.filter((each) => !each.isTypeOnly).map(({ name }) => name.text);
    const whole = clause?.name ?? (named.length === 0 ? '*' : undefined);
    return [
      {
        from: from.startsWith('.') ? normalize(join(dirname(file), from)).replace(/\.js$/, '.ts') : from,
        isType: clause?.isTypeOnly === true || (running.length === 0 && whole === undefined),
        names: [...running, ...(whole === undefined ? [] : ['*'])],
      },
    ];
  });
  return [...global, ...imports];
}

/** What each folder is for, what it uses, and of which it knows the types; where it touches the world. */
export function rowsOf({
  folders,
  wiring,
}: Pick<ReturnType<typeof architecture>, 'folders' | 'wiring'>): string[][] {
  const listed = (names: ReadonlySet<string>) => [...names].sort().join(', ');
  return folders.map(({ name, uses, knows, borders }) => [
    name === WIRING ? wiring.map((file) => `\`${file}\``).join(', ') : `\`${name}/\``,
    ABOUT[name] ?? '',
    listed(uses),
    listed(knows),
    listed(borders),
  ]);
}
