/** The SVG path of an edge from the layout's points. Pure. */

interface At {
  readonly x: number;
  readonly y: number;
}

const xy = ({ x, y }: At): string => `${x.toFixed(1)} ${y.toFixed(1)}`;

/** Radius of a corner, px. */
const CORNER = 10;

/** A start and control points in threes make Bézier curves; any other number of points is a line with round corners. */
export function curvePath([start, ...rest]: readonly At[]): string {
  if (start === undefined) return '';
  if (rest.length % 3 !== 0 || isAngular([start, ...rest])) return roundedPath(start, rest);
  let path = `M${xy(start)}`;
  for (let at = 0; at + 2 < rest.length; at += 3) path += ` C${rest.slice(at, at + 3).map(xy).join(' ')}`;
  return path;
}

/** The layout gives lines with corners between frames: each of their parts runs along one axis. */
function isAngular(points: readonly At[]): boolean {
  return points.length > 2 && points.every((point, at) => {
    const before = points[at - 1];
    return before === undefined || Math.abs(before.x - point.x) < 0.5 || Math.abs(before.y - point.y) < 0.5;
  });
}

function roundedPath(start: At, rest: readonly At[]): string {
  const points = [start, ...rest];
  return points.slice(1).reduce((path, point, index) => {
    const [before, after] = [points[index], points[index + 2]];
    if (before === undefined || after === undefined) return `${path} L${xy(point)}`;
    return `${path} L${xy(towards(point, before))} Q${xy(point)} ${xy(towards(point, after))}`;
  }, `M${xy(start)}`);
}

/** The point at a corner's radius from `from` on the way to `to`, at most half way. */
function towards(from: At, to: At): At {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy);
  const share = length === 0 ? 0 : Math.min(CORNER, length / 2) / length;
  return { x: from.x + dx * share, y: from.y + dy * share };
}
