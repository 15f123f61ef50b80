import { expect, test } from 'vitest';
import { moved } from './cursor.ts';

test.each([
  ['ArrowRight', 0, 3, 1],
  ['ArrowRight', 2, 3, 2],
  ['ArrowLeft', 0, 3, 0],
  ['PageDown', 9, 10, 2],
  ['PageUp', 5, 10, 9],
  ['Home', 5, 10, 0],
  ['End', 5, 10, 9],
  ['Enter', 5, 10, null],
  ['ArrowLeft', 0, 0, null],
])('%s from %d of %d', (key, from, count, expected) => {
  expect(moved(key, from, count)).toBe(expected);
});
