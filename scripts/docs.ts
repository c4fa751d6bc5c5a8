/**
 * Renders the documents that are made from data: docs/compatibility.json, which the tests try against the service, into
 * docs/compatibility.md and README.md; the table of errors into docs/errors.md; the metrics into docs/operations.md; which
 * folder of src/ uses which into docs/architecture.md and its picture.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import prettier from 'prettier';
import { ERRORS } from '../src/errors.js';
import { Metrics, type Described } from '../src/metrics.js';
import { architecture, rowsOf } from './architecture.js';
import { pictureOf } from './picture.js';

/** What becomes of one parameter, or of some values of it. */
export interface Parameter {
  name: string;
  /** Values as a client sends them; each is tried. */
  given: unknown[];
  /** A request without it is refused. */
  required?: boolean;
  /** What the recorder is told for it, where that is not the value under the same name. */
  becomes?: object;
  note?: string;
  /** It is accepted, and changes nothing. */
  ignored?: boolean;
  /** Why it is refused. */
  refused?: string;
}

export interface SystemTable {
  system: string;
  /** Its page in docs/. */
  page: string;
  requests: { request: string; parameters: Parameter[] }[];
}

const RULE = '| --- ';
const PAGE = new URL('../docs/compatibility.md', import.meta.url);
const README = new URL('../README.md', import.meta.url);
const ERROR_PAGE = new URL('../docs/errors.md', import.meta.url);
const OPERATIONS = new URL('../docs/operations.md', import.meta.url);
const ARCHITECTURE = new URL('../docs/architecture.md', import.meta.url);
const PICTURE = new URL('../docs/architecture.svg', import.meta.url);

export async function tables(): Promise<SystemTable[]> {
  const text = await readFile(new URL('../docs/compatibility.json', import.meta.url), 'utf8');
  return JSON.parse(text) as SystemTable[];
}

/** Each file's path, and the text that it should have. */
export async function rendered(): Promise<[path: string, text: string][]> {
  const systems = await tables();
  const drawn = architecture();
  const boxes = drawn.folders.map(({ borders, ...folder }) => ({ ...folder, marks: [...borders].sort() }));
  const pages = await Promise.all([
    formatted(PAGE, page(systems)),
    formatted(README, await within(README, 'compatibility', summary(systems))),
    formatted(ERROR_PAGE, errorPage()),
    formatted(OPERATIONS, await within(OPERATIONS, 'metrics', metricTable(idleMetrics().described))),
    formatted(ARCHITECTURE, await within(ARCHITECTURE, 'folders', folderTable(rowsOf(drawn), drawn.common))),
  ]);
  return [...pages, [fileURLToPath(PICTURE), pictureOf(boxes)]];
}

/** Metrics of a service that has nothing to do, and sees no disk. */
export function idleMetrics(): Metrics {
  const metrics = new Metrics();
  metrics.watch({
    calls: () => 0,
    recordings: () => ({ recording: 0, masked: 0 }),
    switchConnections: () => ({}),
    ready: () => true,
    outbox: () => 0,
    freeBytes: () => undefined,
  });
  return metrics;
}

/** A file with `made` in its part of that name. */
async function within(url: URL, part: string, made: string): Promise<string> {
  const [begin, end] = [`<!-- ${part}, made by npm run docs -->`, `<!-- end of ${part} -->`];
  const [before = '', rest = ''] = (await readFile(url, 'utf8')).split(begin);
  const [, after = ''] = rest.split(end);
  return `${before}${begin}\n\n${made}\n${end}${after}`;
}

function page(systems: SystemTable[]): string {
  const sections = systems.map(({ system, page, requests }) => {
    const rows = requests.flatMap(({ request, parameters }) =>
      parameters.map(({ name, given, required, ignored, note, refused }) =>
        row(
          request,
          `\`${name}\`${required ? ', required' : ''}`,
          shown(given),
          refused !== undefined ? '**refused**' : ignored ? 'no effect' : 'supported',
          refused ?? note ?? '',
        ),
      ),
    );
    const head = [row('request', 'parameter', 'tried with', '', 'why, or how'), RULE.repeat(5) + '|'];
    return `## [${system}](${page})\n\n${[...head, ...rows].join('\n')}\n`;
  });
  return `# What each system's clients can count on

Each line is tried against the service by the tests, with the values that it names. Made from
[compatibility.json](compatibility.json) by \`npm run docs\`.

${sections.join('\n')}`;
}

function summary(systems: SystemTable[]): string {
  const lines = systems.flatMap(({ system, page, requests }) =>
    requests.map(({ request, parameters }, index) => {
      const refused = parameters.filter((parameter) => parameter.refused !== undefined);
      const reasons = [...new Set(refused.map((parameter) => parameter.refused ?? ''))].map((reason) => {
        const names = refused.filter((parameter) => parameter.refused === reason);
        return `${unique(names.map(({ name, given }) => (isPartly(name, parameters) ? `${name}=${shown(given)}` : `\`${name}\``)))}: ${reason}`;
      });
      const supported = parameters.filter((parameter) => parameter.refused === undefined);
      return row(
        index === 0 ? `[${system}](docs/${page})` : '',
        request,
        unique(supported.map(({ name, ignored }) => `\`${name}\`${ignored ? ' (no effect)' : ''}`)),
        reasons.join('; '),
      );
    }),
  );
  return [row('system', 'request', 'supported', 'refused, and why'), RULE.repeat(4) + '|', ...lines].join(
    '\n',
  );
}

function errorPage(): string {
  const rows = Object.entries(ERRORS).map(([code, { status, message }]) =>
    row(`\`${code}\``, String(status), message),
  );
  return `# Errors

Stable codes of this service, made from [src/errors.ts](../src/errors.ts) by \`npm run docs\`. Over Kazoo's API the code is
\`message\`, the sentence \`data.message\`; other systems say it in their own words. The log has both, with what it was in
each case.

${[row('code', 'HTTP status', 'sentence'), `${RULE.repeat(3)}|`, ...rows].join('\n')}
`;
}

function metricTable(metrics: Described[]): string {
  const rows = metrics.map(({ name, type, labels, help }) =>
    row(`\`${name}\``, type, labels.map((label) => `\`${label}\``).join(', '), help.replace(/\.$/, '')),
  );
  return [row('metric', 'type', 'labels', ''), `${RULE.repeat(4)}|`, ...rows].join('\n');
}

function folderTable(rows: string[][], common: string[]): string {
  const head = [row('', 'is for', 'uses', 'knows types of', 'touches'), RULE.repeat(5) + '|'];
  return `${[...head, ...rows.map((cells) => row(...cells))].join('\n')}

Not drawn, as all may use them: ${common.map((file) => `\`${file}\``).join(', ')}, and \`generated/\`, the types of
\`schemas/\`.
`;
}

/** Whether a parameter is refused with some values alone. */
function isPartly(name: string, parameters: Parameter[]): boolean {
  return parameters.some((parameter) => parameter.name === name && parameter.refused === undefined);
}

function shown(given: unknown[]): string {
  return given.map((value) => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``).join(', ');
}

function unique(texts: string[]): string {
  return [...new Set(texts)].join(', ');
}

function row(...cells: string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('``', '')).join(' | ')} |`;
}

async function formatted(url: URL, text: string): Promise<[path: string, text: string]> {
  const path = fileURLToPath(url);
  return [path, await prettier.format(text, { ...(await prettier.resolveConfig(path)), filepath: path })];
}

async function write(): Promise<void> {
  for (const [path, text] of await rendered()) await writeFile(path, text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) void write();
