/** What the command line prints: results to standard output, the rest to standard error. */

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** One JSON value: all that a command prints where `--json` is given. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** Rows under each other, columns as wide as their widest cell. */
export function printTable(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  for (const row of rows)
    print(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}

/** Columns of a progress bar. */
const WIDTH = 30;

/** A progress bar on standard error, on a terminal alone; `total` 0 or less is not known. */
export class Progress {
  private done = 0;

  constructor(
    private readonly what: string,
    private readonly total: number,
  ) {}

  advance(by: number): void {
    this.done += by;
    if (!process.stderr.isTTY) return;
    const part = this.total > 0 ? Math.min(1, this.done / this.total) : 0;
    const bar = '#'.repeat(Math.round(part * WIDTH)).padEnd(WIDTH, '.');
    process.stderr.write(
      `\r${this.what} [${bar}] ${this.total > 0 ? `${Math.round(part * 100)} %` : this.done}`,
    );
  }

  /** Takes the bar away. */
  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  }
}
