import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Gathering } from './gathering.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** What happens second by second, and in which seconds a round came. */
function rounds(seconds: number, happens: (second: number, it: Gathering) => void): number[] {
  const came: number[] = [];
  let second = 0;
  const it = new Gathering(() => came.push(second));
  for (; second < seconds; second += 1) {
    happens(second, it);
    vi.advanceTimersByTime(1_000);
  }
  return came;
}

test('the first after a quiet time comes at once, and alone', () => {
  expect(rounds(60, (second, it) => { if (second === 3 || second === 40) it.add(); })).toEqual([3, 40]);
});

test('a steady stream is told every few seconds, and its end too', () => {
  const came = rounds(60, (second, it) => { if (second < 30) for (let many = 0; many < 50; many += 1) it.add(); });
  expect(came[0]).toBe(0);
  expect(came.length).toBeLessThanOrEqual(7);
  expect(came.at(-1)).toBeGreaterThanOrEqual(30);
});

test('while nobody looks nothing comes, and then all at once', () => {
  const came = rounds(60, (second, it) => {
    if (second === 1) it.hold(true);
    if (second === 50) it.hold(false);
    if (second < 45) it.add();
  });
  expect(came).toEqual([0, 50]);
});

test('what is cleared is not told', () => {
  expect(rounds(20, (second, it) => { if (second === 0) { it.add(); it.clear(); } })).toEqual([]);
});
