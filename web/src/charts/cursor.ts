/** How the keyboard moves over what is drawn side by side: days of a chart, calls of a session. */

/** How far a page up or down goes. */
const FAR = 7;

/** Where a key leads from a place among so many; none where it is not about that. */
export function moved(key: string, from: number, count: number): number | null {
  const to = target(key, from, count - 1);
  return to === null || count === 0 ? null : Math.min(count - 1, Math.max(0, to));
}

function target(key: string, from: number, last: number): number | null {
  switch (key) {
    case 'ArrowRight':
    case 'ArrowUp':
      return from + 1;
    case 'ArrowLeft':
    case 'ArrowDown':
      return from - 1;
    case 'PageUp':
      return from + FAR;
    case 'PageDown':
      return from - FAR;
    case 'Home':
      return 0;
    case 'End':
      return last;
    default:
      return null;
  }
}
