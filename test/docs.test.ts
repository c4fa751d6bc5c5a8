import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { idleMetrics, rendered } from '../scripts/docs.js';
import { heightsOf } from '../scripts/picture.js';
import { ERRORS } from '../src/errors.js';
import { STATUSES } from '../src/http/genesys/answers.js';
import { MESSAGES } from '../src/http/ozeki/answers.js';

/** The cells of the last table of a page, without the marks of code. */
async function lastTable(page: string): Promise<string[][]> {
  const text = await readFile(new URL(`../docs/${page}.md`, import.meta.url), 'utf8');
  const body = text
    .split(/^\| -[ |-]*$/m)
    .at(-1)!
    .trim()
    .split('\n\n')[0]!;
  return body.split('\n').map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The text of each file below some folders whose name ends so, by its path. */
async function textsOf(ending: RegExp, ...folders: string[]): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const folder of folders) {
    for (const entry of await readdir(join(ROOT, folder), {
      withFileTypes: true,
      recursive: folder !== '.',
    })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile() && ending.test(entry.name))
        texts.set(relative(ROOT, path), await readFile(path, 'utf8'));
    }
  }
  return texts;
}

/** What GitHub makes of headings. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('the pages of docs', () => {
  it('link to files and headings that there are', async () => {
    const pages = await textsOf(/\.md$/, '.', 'docs');
    for (const [path, text] of pages) {
      for (const [, to = '', anchor] of text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)) {
        const target = to === '' ? path : join(dirname(path), to);
        const file = await readFile(join(ROOT, target), 'utf8').catch(() => undefined);
        expect(file, `${path} links to ${to}`).not.to.equal(undefined);
        if (anchor !== undefined) expect(anchorsOf(file!), `${path} links to ${to}`).to.include(anchor);
      }
    }
  });

  it('quote what the log and the console say', async () => {
    const sources = [...(await textsOf(/\.tsx?$/, 'src', 'console/src')).values()].join('\n');
    const page = await readFile(new URL('../docs/troubleshooting.md', import.meta.url), 'utf8');
    const quoted = [...page.matchAll(/“([^”]{2,})”/g)].map(([, text = '']) => text.replace(/\s+/g, ' '));
    expect(quoted).not.to.deep.equal([]);
    for (const text of quoted) expect(sources.includes(`'${text}`), text).to.equal(true);
  });

  it('call the command line by its name, as npx may fetch another of that name', async () => {
    const pages = await textsOf(/\.(md|ya?ml|json|service)$/, '.', 'docs', 'deploy');
    const naming = [...pages].filter(([, text]) => text.includes('npx metaflows')).map(([path]) => path);
    expect(naming).to.deep.equal([join('docs', 'cli.md')]);
  });

  it('are what their data render', async () => {
    for (const [path, text] of await rendered()) {
      expect(await readFile(path, 'utf8'), `${path}: npm run docs`).to.equal(text);
    }
  });

  it('alert by metrics, labels and errors that there are', async () => {
    const rules = await readFile(
      new URL('../deploy/prometheus/metaflows.rules.yml', import.meta.url),
      'utf8',
    );
    const exprs = [...rules.matchAll(/^ +expr: (.+)$/gm)].map(([, expr = '']) => expr);
    expect(exprs).to.have.length(rules.split('- alert:').length - 1);
    const known = new Map(
      idleMetrics().described.flatMap(({ name, type, labels }) =>
        type === 'histogram'
          ? ['_bucket', '_sum', '_count'].map((suffix) => [`${name}${suffix}`, [...labels, 'le']])
          : [[name, labels]],
      ) as [string, string[]][],
    );
    const codes = [...Object.keys(ERRORS), 'internal'];
    for (const expr of exprs) {
      const used = [...expr.matchAll(/(metaflows_\w+)(?:{([^}]*)})?/g)];
      const labels = ['instance', ...used.flatMap(([, name = '']) => known.get(name) ?? [])];
      expect([...known.keys()]).to.include.members(used.map(([, name]) => name));
      for (const [, name = '', matchers = ''] of used) {
        for (const [, label, value = ''] of matchers.matchAll(/(\w+)=~?"([^"]*)"/g)) {
          expect(known.get(name), expr).to.include(label);
          if (label !== 'reason') continue;
          for (const reason of value.split('|')) {
            expect(
              codes.some((code) => new RegExp(`^${reason}$`).test(code)),
              reason,
            ).to.equal(true);
          }
        }
      }
      for (const [, by = ''] of expr.matchAll(/by \(([^)]+)\)/g)) {
        expect(labels, expr).to.include.members(by.split(', '));
      }
    }
  });

  it('are not made of folders that use each other in a circle', () => {
    const box = (name: string, ...uses: string[]) => ({ name, uses: new Set(uses) });
    const boxes = [box('a', 'b', 'c'), box('b', 'c'), box('c')];
    expect(Object.fromEntries(heightsOf(boxes))).to.deep.equal({ a: 2, b: 1, c: 0 });
    expect(() => heightsOf([...boxes.slice(0, 2), box('c', 'a')])).to.throw('in a circle: a → b → c → a');
  });

  it('have Ozeki’s codes', async () => {
    expect(await lastTable('ozeki')).to.deep.equal(Object.entries(MESSAGES));
  });

  it('have Genesys’s status codes', async () => {
    expect(await lastTable('genesys')).to.deep.equal(
      Object.entries(STATUSES).map(([code, { http, message }]) => [code, String(http), message]),
    );
  });
});
