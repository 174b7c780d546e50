/** The SVG path of an edge from the layout's points. Pure. */

interface At {
  readonly x: number;
  readonly y: number;
}

const xy = ({ x, y }: At): string => `${x.toFixed(1)} ${y.toFixed(1)}`;

/** A start and control points in threes make Bézier curves; any other number of points is a line with corners. */
export function curvePath([start, ...rest]: readonly At[]): string {
  if (start === undefined) return '';
  if (rest.length % 3 !== 0) return `M${xy(start)}${rest.map((point) => ` L${xy(point)}`).join('')}`;
  let path = `M${xy(start)}`;
  for (let at = 0; at + 2 < rest.length; at += 3) path += ` C${rest.slice(at, at + 3).map(xy).join(' ')}`;
  return path;
}
