import { type GeoProjection, geoMercator, geoPath } from "d3-geo";
import type { CellLine, Land } from "../../map/shapes.ts";
import { cornersOf, type Frame, type Measure, measureText, mostOf, strengthOf } from "./map-words.ts";

export type Drawing = {
  readonly frame: Frame;
  readonly cells: readonly CellLine[];
  readonly land: Land | undefined;
  readonly measure: Measure;
  readonly chosen: string | undefined;
};

/** How the frame lies on a canvas of this size, in CSS pixels. */
export function projectionOf(frame: Frame, width: number, height: number): GeoProjection {
  return geoMercator().fitSize([width, height], {
    type: "MultiPoint",
    coordinates: cornersOf(frame).map(([x, y]) => [x, y]),
  });
}

/** Draws land, then cells; where a cell is large enough its number stands in it. */
export function drawMap(canvas: HTMLCanvasElement, drawing: Drawing): void {
  const context = canvas.getContext("2d");
  if (context === null) return;
  const { clientWidth: width, clientHeight: height } = canvas;
  const scale = devicePixelRatio;
  [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
  context.scale(scale, scale);
  const style = getComputedStyle(canvas);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const projection = projectionOf(drawing.frame, width, height);
  const path = geoPath(projection, context);

  if (drawing.land !== undefined) {
    context.beginPath();
    path({ type: "MultiLineString", coordinates: drawing.land.lines.map((line) => line.map(([x, y]) => [x, y])) });
    context.lineWidth = 1.25;
    context.strokeStyle = style.color;
    context.stroke();
  }
  const most = mostOf(drawing.measure, drawing.cells);
  context.font = `600 11px ${style.fontFamily}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const line of drawing.cells) {
    const corners = line.outline.flatMap(([x, y]) => {
      const point = projection([x, y]);
      return point === null ? [] : [point];
    });
    context.beginPath();
    corners.forEach(([x, y], i) => {
      if (i === 0) context.moveTo(x, y);
      else context.lineTo(x, y);
    });
    context.closePath();
    const strength = strengthOf(drawing.measure, line, most);
    context.globalAlpha = 0.1 + 0.75 * strength;
    context.fillStyle = colour("--map-fill");
    context.fill();
    context.globalAlpha = 1;
    const isChosen = line.cell === drawing.chosen;
    context.lineWidth = isChosen ? 3 : 0.75;
    context.strokeStyle = isChosen ? colour("--map-ink") : colour("--map-fill");
    context.stroke();
    const xs = corners.map(([x]) => x);
    const across = Math.max(...xs) - Math.min(...xs);
    if (across < 30) continue;
    const middle = [xs, corners.map(([, y]) => y)].map((all) => all.reduce((a, b) => a + b, 0) / all.length);
    context.fillStyle = strength > 0.45 ? colour("--map-on-fill") : colour("--map-ink");
    context.fillText(measureText(drawing.measure, line[drawing.measure]), middle[0] ?? 0, middle[1] ?? 0);
  }
}

/** The cell at a point of the canvas, in CSS pixels. */
export function cellAt(drawing: Drawing, width: number, height: number, x: number, y: number): CellLine | undefined {
  const projection = projectionOf(drawing.frame, width, height);
  const place = projection.invert?.([x, y]);
  if (place === null || place === undefined) return undefined;
  return drawing.cells.find(({ outline }) => holds(outline, place));
}

/** Whether a ring holds a point: an odd number of its sides cross the ray to the east. */
function holds(ring: CellLine["outline"], [x, y]: readonly [number, number]): boolean {
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [[ax, ay], [bx, by]] = [ring[i] ?? [0, 0], ring[j] ?? [0, 0]];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}
