/** Figures over time as an SVG: panels below each other, a line for each series, that can be read on light and dark pages. */

export interface Panel {
  title: string;
  /** Values by name, one for each moment. */
  lines: Record<string, number[]>;
}

const WIDTH = 800;
const PANEL = 190;
const MARGIN = { left: 60, right: 20, top: 46, between: 46, bottom: 40 };
/** Told apart by those who see red and green alike too (Okabe and Ito). */
const COLOURS = ['#0072b2', '#d55e00'];

/** `seconds` are the moments. */
export function plot(title: string, seconds: readonly number[], panels: readonly Panel[]): string {
  const end = Math.max(1, ...seconds);
  const height = MARGIN.top + panels.length * (PANEL + MARGIN.between) + MARGIN.bottom - MARGIN.between;
  const x = (second: number) => MARGIN.left + (second / end) * (WIDTH - MARGIN.left - MARGIN.right);
  const drawn = panels.map((panel, index) => {
    const top = MARGIN.top + index * (PANEL + MARGIN.between) + 20;
    return draw(panel, seconds, x, top, PANEL - 20);
  });
  const minutes = ticks(end / 60).map((minute) =>
    text(x(minute * 60), height - 14, `${minute} min`, 'middle'),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    text(MARGIN.left, 22, title, 'start', 'font-size="15" font-weight="bold"'),
    ...drawn.flat(),
    ...minutes,
    '</svg>\n',
  ].join('\n');
}

function draw(
  { title, lines }: Panel,
  seconds: readonly number[],
  x: (second: number) => number,
  top: number,
  height: number,
): string[] {
  const most = Math.max(1e-9, ...Object.values(lines).flat().filter(Number.isFinite));
  const marks = ticks(most * 1.05);
  const scale = Math.max(most * 1.05, marks.at(-1) ?? 0);
  const y = (value: number) => top + height - (value / scale) * height;
  const grid = marks.flatMap((mark) => [
    `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${y(mark).toFixed(1)}" y2="${y(mark).toFixed(1)}" stroke="#ddd"/>`,
    text(MARGIN.left - 8, y(mark) + 4, String(mark), 'end'),
  ]);
  const curves = Object.values(lines).map((values, index) => {
    const points = values.flatMap((value, at) =>
      Number.isFinite(value) ? [`${x(seconds[at] ?? 0).toFixed(1)},${y(value).toFixed(1)}`] : [],
    );
    return `<polyline points="${points.join(' ')}" fill="none" stroke="${COLOURS[index % COLOURS.length] ?? ''}" stroke-width="1.5"/>`;
  });
  const legend = Object.keys(lines).map((name, index) =>
    text(
      WIDTH - MARGIN.right - 200 * index,
      top - 8,
      `— ${name}`,
      'end',
      `fill="${COLOURS[index % COLOURS.length] ?? ''}"`,
    ),
  );
  return [text(MARGIN.left, top - 8, title, 'start', 'font-weight="bold"'), ...legend, ...grid, ...curves];
}

/** Round numbers from 0 to `most`, five or so. */
function ticks(most: number): number[] {
  const rough = most / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((each) => each * power >= rough) ?? 10);
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, n) => Number((n * step).toPrecision(6)));
}

function text(
  x: number,
  y: number,
  content: string,
  anchor: 'start' | 'middle' | 'end',
  more = 'fill="#444"',
): string {
  const safe = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" ${more}>${safe}</text>`;
}
