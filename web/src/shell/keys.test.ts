import { expect, test } from 'vitest';
import { placesOf } from './keys.ts';

/** What is left out for somebody. */
function missing(rights: string[], seesIndividuals: boolean): string[] {
  const all = placesOf({ may: () => true, seesIndividuals: true }).map((it) => it.title);
  const seen = placesOf({ may: (right) => rights.includes(right), seesIndividuals }).map((it) => it.title);
  return all.filter((it) => !seen.includes(it));
}

test('each role has the places where it finds something', () => {
  expect(missing(['read_directory'], true)).toEqual([]);
  expect(missing(['read_directory'], false)).toEqual(['Sessions']);
  expect(missing([], true)).toEqual(['Settings']);
});
