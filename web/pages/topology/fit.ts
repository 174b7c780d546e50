/** Which of two drawings can be shown larger. Pure. */

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The zoom at which a drawing fills a frame without being cut. */
export function fitScale(drawing: Size, frame: Size): number {
  if (drawing.width <= 0 || drawing.height <= 0) return 1;
  return Math.min(frame.width / drawing.width, frame.height / drawing.height);
}

/** Reading goes from left to right, so the other drawing must be this much larger to be chosen. */
const PREFERENCE = 1.15;

/** The drawing to show: across unless down is clearly larger in this frame. */
export function betterFit(across: Size, down: Size, frame: Size): 'RIGHT' | 'DOWN' {
  return Math.min(1, fitScale(down, frame)) > Math.min(1, fitScale(across, frame)) * PREFERENCE ? 'DOWN' : 'RIGHT';
}
