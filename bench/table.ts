/** The figures: as a table to read, as JSON to keep, as a part of a page. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';

/** One figure. */
export interface Row {
  name: string;
  /** `null` where it was not measured: `against` says why. */
  value: number | null;
  unit: string;
  /** What it stands beside, with its own figure in the same unit. */
  against: string | null;
  ratio: number | null;
  /** What the ratio has to be; the value itself where nothing stands beside it. */
  goal: string | null;
}

/** The machine that was measured on, as the first row. */
export function machine(): Row {
  const [cpu] = cpus();
  const memory = (totalmem() / 2 ** 30).toFixed(1);
  const name = `${cpu?.model.trim() ?? 'a processor'}, ${memory} GiB, ${type()} ${release()}, Node.js ${process.version}`;
  return { name, value: cpus().length, unit: 'cores', against: null, ratio: null, goal: null };
}

/** Three digits that mean something, and all of those before the point. */
export function figure(value: number | null): string {
  if (value === null) return '–';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1)));
  return value.toLocaleString('en', { maximumFractionDigits: digits });
}

/** Whether a row's goal is reached; undefined where it has none, or was not measured. */
export function isReached({ value, ratio, goal }: Row): boolean | undefined {
  const [, sign, bound] = /^([<>]=) ([\d.]+)/.exec(goal ?? '') ?? [];
  const measured = ratio ?? value;
  if (bound === undefined || measured === null) return undefined;
  return sign === '<=' ? measured <= Number(bound) : measured >= Number(bound);
}

/** A Markdown table. */
export function markdown(rows: readonly Row[]): string {
  const cells = rows.map((row) => {
    const reached = isReached(row);
    const ratio = row.ratio === null ? '' : row.ratio.toFixed(2);
    const goal = row.goal === null ? '' : `${row.goal}${reached === undefined ? '' : reached ? ' ✓' : ' ✗'}`;
    return [row.name, `${figure(row.value)} ${row.unit}`, row.against ?? '', ratio, goal];
  });
  const all = [['figure', 'value', 'against', 'ratio', 'goal'], ...cells];
  const widths = [0, 1, 2, 3, 4].map((column) =>
    Math.max(3, ...all.map((line) => line[column]?.length ?? 0)),
  );
  const lines = all.map((line) => `| ${line.map((text, at) => text.padEnd(widths[at] ?? 0)).join(' | ')} |`);
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [lines[0], rule, ...lines.slice(1)].join('\n');
}

/** Puts the table between the two comments of a page that name it. */
export function writePage(page: string, table: string): void {
  const text = readFileSync(page, 'utf8');
  const [begin, end] = ['<!-- figures, made by npm run bench -->', '<!-- end of figures -->'];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${page} has no place for the figures`);
  writeFileSync(page, `${text.slice(0, from + begin.length)}\n\n${table}\n\n${text.slice(to)}`);
}
