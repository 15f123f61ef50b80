import { afterEach, expect, test } from 'vitest';
import { clockAmong, date, dayIn, moment, shortMoment, tellIn, zone, zonedMoment } from './words.ts';

afterEach(() => {
  tellIn(null);
});

/** Shortly before midnight in London, and the next day in Berlin. */
const AT = '2026-06-12T22:30:05Z';

test('moments are the organisation\'s, whatever the browser\'s are', () => {
  tellIn('Europe/Berlin');
  expect([moment(AT), shortMoment(AT), dayIn(AT), zone()]).toEqual(['13 Jun 2026, 00:30', '13 Jun, 00:30', '2026-06-13', 'Europe/Berlin']);
  expect([moment(AT, 'UTC'), zonedMoment(AT), zonedMoment(AT, 'UTC')]).toEqual(['12 Jun 2026, 22:30', '13 Jun 2026, 00:30 Europe/Berlin', '12 Jun 2026, 22:30 UTC']);
  expect([date(AT), date('2026-06-12'), date(null)]).toEqual(['13 Jun 2026', '12 Jun 2026', '–']);
  expect([moment(null), moment('soon'), zonedMoment('')]).toEqual(['–', 'soon', '–']);
});

test('a zone that nobody knows is none', () => {
  tellIn('Mars/Olympus');
  expect(moment(AT, 'Mars/Olympus')).toMatch(/^1[23] Jun 2026, /);
});

test('times of several days say the day', () => {
  const later = '2026-06-13T08:00:00Z';
  expect(clockAmong([AT, later], 'Europe/Berlin')(AT)).toBe('00:30:05');
  expect(clockAmong([AT, later], 'UTC')(AT)).toBe('12 Jun, 22:30:05');
  expect(clockAmong([], 'UTC')('')).toBe('–');
});
