import { expect, test } from 'vitest';
import { headcountStep, priceStep, readPlan, understood, writePlan } from './plan.ts';

test.each([
  ['2026-12-01', '48', '2026-12-01:48'],
  ['2026-12-01', ' 048 ', '2026-12-01:48'],
  ['2026-02-30', '48', 'Say from which day on, as 2026-12-01.'],
  ['', '48', 'Say from which day on, as 2026-12-01.'],
  ['2026-12-01', '4.5', 'Say how many developers there will be, as a whole number from 0 to 1,000,000.'],
  ['2026-12-01', '1000001', 'Say how many developers there will be, as a whole number from 0 to 1,000,000.'],
])('%s %s developers', (from, developers, expected) => {
  const step = headcountStep(from, developers);
  expect(typeof step === 'string' ? step : step.text).toBe(expected);
});

test.each([
  ['*opus*', '-20', '2026-12-01:*opus*:-20%'],
  ['', '+2.5 %', '2026-12-01:+2.5%'],
  ['gpt-6', '−100%', '2026-12-01:gpt-6:-100%'],
  ['', '5', '2026-12-01:+5%'],
  ['', '-101', 'Say by how many per cent'],
  ['', '1.25', 'Say by how many per cent'],
  ['', 'less', 'Say by how many per cent'],
  ['opus, sonnet', '-20', 'Name one model'],
])('prices of %j by %s', (models, change, expected) => {
  const step = priceStep('2026-12-01', models, change);
  expect(typeof step === 'string' ? step : step.text).toContain(expected);
});

test('an address keeps a plan, sense or nonsense', () => {
  const search = new URLSearchParams('by=team&headcount=2026-12-01:48,2027-01-01:52&price=2026-12-01:*opus*:-20%25&price=soon');
  const steps = readPlan(search);
  expect(steps.map((it) => [it.text, understood(it)])).toEqual([
    ['2026-12-01:48', { from: '2026-12-01', what: '48', models: '' }],
    ['2027-01-01:52', { from: '2027-01-01', what: '52', models: '' }],
    ['2026-12-01:*opus*:-20%', { from: '2026-12-01', what: '−20 %', models: '*opus*' }],
    ['soon', null],
  ]);
  writePlan(steps, search);
  expect(readPlan(search)).toEqual(steps);
  expect(search.get('by')).toBe('team');
  writePlan([], search);
  expect(search.toString()).toBe('by=team');
});
