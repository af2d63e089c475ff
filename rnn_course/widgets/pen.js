/* Strokes of a pen as an image of 28 × 28, as pen.py makes it. */

export const FIELD = 28; // pixels a side
const [BOX, RADIUS, LARGEST_SCALE] = [20, 1.2, 120]; // as in pen.py

/** The ink of each pixel; as `rasterised` of pen.py. */
export function rasterised(strokes) {
  let ways = strokes.filter((stroke) => stroke.length);
  if (!ways.length) return new Float64Array(FIELD * FIELD);
  const [low, high] = [Math.min, Math.max].map((far) => [0, 1].map((axis) => far(...ways.flat().map((point) => point[axis]))));
  const size = Math.max(high[0] - low[0], high[1] - low[1]);
  const scale = size > 0 ? Math.min((BOX - 2 * RADIUS) / size, LARGEST_SCALE) : LARGEST_SCALE;
  ways = ways.map((way) => way.map((point) => point.map((value, axis) => (value - (low[axis] + high[axis]) / 2) * scale + FIELD / 2)));
  const first = inked(ways);
  const centre = [0, 0];
  let sum = 0;
  first.forEach((ink, k) => {
    sum += ink;
    centre[0] += ink * ((k % FIELD) + 0.5);
    centre[1] += ink * (Math.floor(k / FIELD) + 0.5);
  });
  return inked(ways.map((way) => way.map((point) => point.map((value, axis) => value + FIELD / 2 - centre[axis] / sum))));
}

/** What a pen leaves that goes along these ways, in pixels. */
function inked(ways) {
  const nearest = new Float64Array(FIELD * FIELD).fill(Infinity);
  for (const way of ways)
    for (let k = 0; k < Math.max(way.length - 1, 1); k++) {
      const [[x0, y0], [x1, y1]] = [way[k], way[k + 1] ?? way[k]];
      const [dx, dy] = [x1 - x0, y1 - y0];
      const squared = dx * dx + dy * dy;
      for (let pixel = 0; pixel < nearest.length; pixel++) {
        const [x, y] = [(pixel % FIELD) + 0.5 - x0, Math.floor(pixel / FIELD) + 0.5 - y0];
        const part = squared > 0 ? Math.min(Math.max((x * dx + y * dy) / squared, 0), 1) : 0;
        nearest[pixel] = Math.min(nearest[pixel], Math.hypot(x - part * dx, y - part * dy));
      }
    }
  return nearest.map((distance) => Math.min(Math.max(RADIUS + 0.5 - distance, 0), 1));
}

