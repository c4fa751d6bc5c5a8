/** Draws boxes and the arrows between them in layers, as SVG (after Sugiyama: layers, order by neighbours, then places). */

export interface Box {
  name: string;
  /** Arrows lead to these; there is no circle. */
  uses: ReadonlySet<string>;
  /** Said under its name. */
  marks: readonly string[];
}

/** A box, or a bend of an arrow that passes a layer. */
interface Node {
  name: string;
  box?: Box;
  layer: number;
  /** Middle, pixels. */
  x: number;
  above: Node[];
  below: Node[];
}

const WIDTH = 172;
const HEIGHT = 52;
/** Between two boxes side by side, and around a bend. */
const GAP = 28;
const BEND = 20;
/** From the top of one layer to that of the next. */
const LAYER = 112;
const MARGIN = 16;
/** More change nothing in a picture of this size. */
const SWEEPS = 24;

const STYLE = `
  text { font: 600 15px system-ui, sans-serif; text-anchor: middle; fill: #1b1e28 }
  .mark { font: 12px system-ui, sans-serif; fill: #3544b8 }
  rect { fill: #fff; stroke: #81879a }
  .border { stroke: #3544b8; stroke-width: 2 }
  .arrow { fill: none; stroke: #81879a; stroke-width: 1.5 }
  marker path { fill: #81879a }
  @media (prefers-color-scheme: dark) {
    text { fill: #e9ebf3 }
    .mark { fill: #98a5ff }
    rect { fill: #1c1f2b }
    .border { stroke: #98a5ff }
  }
`;

/** An arrow that others imply is left out. */
export function pictureOf(boxes: readonly Box[]): string {
  const layers = layered(boxes);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isDown = sweep % 2 === 0;
    for (const layer of isDown ? layers : layers.toReversed()) {
      for (const node of layer) node.x = mean(isDown ? node.above : node.below, node.x);
      layer.sort((a, b) => a.x - b.x || (a.name < b.name ? -1 : 1));
      spread(layer);
    }
  }
  const nodes = layers.flat();
  const left = Math.min(...nodes.map(({ x, box }) => x - half(box))) - MARGIN;
  const right = Math.max(...nodes.map(({ x, box }) => x + half(box))) + MARGIN;
  for (const node of nodes) node.x = Math.round(node.x - left);
  const width = Math.round(right - left);
  const height = (layers.length - 1) * LAYER + HEIGHT + 2 * MARGIN;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>The folders of src/, and which uses which</title>
<style>${STYLE}</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>
${nodes.flatMap((node) => (node.box ? node.below.map((next) => arrow(node, next)) : [])).join('\n')}
${nodes.flatMap(({ box, layer, x }) => (box ? [drawn(box, x, topOf(layer))] : [])).join('\n')}
</svg>
`;
}

/** How many arrows each has below it, at most. Throws where they lead in a circle. */
export function heightsOf(boxes: readonly Pick<Box, 'name' | 'uses'>[]): Map<string, number> {
  const byName = new Map(boxes.map((box) => [box.name, box]));
  const heights = new Map<string, number>();
  const height = (name: string, above: readonly string[]): number => {
    if (above.includes(name)) throw new Error(`in a circle: ${[...above, name].join(' → ')}`);
    const others = [...(byName.get(name)?.uses ?? [])];
    const found =
      heights.get(name) ?? Math.max(-1, ...others.map((other) => height(other, [...above, name]))) + 1;
    heights.set(name, found);
    return found;
  };
  for (const { name } of boxes) height(name, []);
  return heights;
}

/** As low as it can be: most of what is used by few is used by what is low itself. */
function layered(boxes: readonly Box[]): Node[][] {
  const byName = new Map(boxes.map((box) => [box.name, box]));
  const reached = (from: string): Set<string> =>
    new Set([...(byName.get(from)?.uses ?? [])].flatMap((name) => [name, ...reached(name)]));
  const direct = ({ uses }: Box) =>
    [...uses].filter((name) => ![...uses].some((other) => reached(other).has(name)));
  const heights = heightsOf(boxes);
  const highest = Math.max(...heights.values());
  const nodes = new Map(
    boxes.map((box): [string, Node] => [
      box.name,
      { name: box.name, box, layer: highest - (heights.get(box.name) ?? 0), x: 0, above: [], below: [] },
    ]),
  );
  const all = [...nodes.values()];
  for (const from of nodes.values()) {
    for (const name of from.box ? direct(from.box).sort() : []) {
      const to = nodes.get(name);
      if (!to) continue;
      let last = from;
      for (let layer = from.layer + 1; layer < to.layer; layer++) {
        const bend: Node = { name: `${from.name} ${name}`, layer, x: 0, above: [last], below: [] };
        last.below.push(bend);
        all.push(bend);
        last = bend;
      }
      last.below.push(to);
      to.above.push(last);
    }
  }
  const layers: Node[][] = [];
  for (const node of all) (layers[node.layer] ??= []).push(node);
  for (const layer of layers) for (const [index, node] of layer.entries()) node.x = index * (WIDTH + GAP);
  return layers;
}

function mean(nodes: readonly Node[], none: number): number {
  return nodes.length === 0 ? none : nodes.reduce((sum, { x }) => sum + x, 0) / nodes.length;
}

/** Moves nodes apart that lie on each other, and the layer back to where its middle was. */
function spread(layer: readonly Node[]): void {
  const before = mean(layer, 0);
  for (const [index, node] of layer.entries()) {
    const last = layer[index - 1];
    if (last) node.x = Math.max(node.x, last.x + half(last.box) + half(node.box) + GAP);
  }
  const moved = mean(layer, 0) - before;
  for (const node of layer) node.x -= moved;
}

function half(box: Box | undefined): number {
  return (box ? WIDTH : BEND) / 2;
}

function topOf(layer: number): number {
  return MARGIN + layer * LAYER;
}

/** From a box over its bends to the next box, straight through each layer that it passes. */
function arrow(from: Node, first: Node): string {
  let line = `M${from.x} ${topOf(from.layer) + HEIGHT}`;
  let last = from;
  for (let node: Node | undefined = first; node; node = node.box ? undefined : node.below[0]) {
    const [start, end] = [topOf(last.layer) + HEIGHT, topOf(node.layer)];
    const middle = (start + end) / 2;
    line += ` C${last.x} ${middle} ${node.x} ${middle} ${node.x} ${end}`;
    if (!node.box) line += ` V${end + HEIGHT}`;
    last = node;
  }
  return `<path class="arrow" marker-end="url(#head)" d="${line}"/>`;
}

function drawn({ name, marks }: Box, x: number, top: number): string {
  const isBorder = marks.length > 0;
  const rect = `<rect${isBorder ? ' class="border"' : ''} x="${x - WIDTH / 2}" y="${top}" width="${WIDTH}" height="${HEIGHT}" rx="8"/>`;
  const title = `<text x="${x}" y="${top + (isBorder ? 22 : 31)}">${name}</text>`;
  return (
    rect + title + (isBorder ? `<text class="mark" x="${x}" y="${top + 41}">${marks.join(' · ')}</text>` : '')
  );
}
