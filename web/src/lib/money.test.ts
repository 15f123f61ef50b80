import { expect, test } from 'vitest';
import { amountProblem, axisUsd, exactUsd, nano, perMille, share, total, typedUsd, usd } from './money.ts';

test.each([
  ['0', '$0.00', '$0.000000000'],
  ['1', '<$0.01', '$0.000000001'],
  ['-1', '>−$0.01', '−$0.000000001'],
  ['9999999', '<$0.01', '$0.009999999'],
  ['10000000', '$0.01', '$0.010000000'],
  ['15000000', '$0.02', '$0.015000000'],
  ['25000000', '$0.02', '$0.025000000'],
  ['995000000', '$1.00', '$0.995000000'],
  ['1234567890123456789', '$1,234,567,890.12', '$1,234,567,890.123456789'],
  ['-90015220080', '−$90.02', '−$90.015220080'],
  // More than a float can hold to the last digit.
  ['9007199254740993', '$9,007,199.25', '$9,007,199.254740993'],
])('%s nano-USD', (text, short, exact) => {
  expect([usd(nano(text)), exactUsd(nano(text))]).toEqual([short, exact]);
});

test.each([
  ['20', '20'],
  ['$1,250.50', '1250.50'],
  [' 0.000000001 ', '0.000000001'],
  ['12,345,678', '12345678'],
  ['1,25', null],
  ['0,500', null],
  ['1,2500', null],
  ['1250,000', null],
  ['012,345', null],
  ['1,250,50', null],
  ['1,250.', null],
  ['0.1234567891', null],
  ['1234567890123', null],
  ['-5', null],
  ['12 dollars', null],
  ['', null],
])('typed %j', (text, expected) => {
  expect(typedUsd(text)).toBe(expected);
});

test.each([
  ['', 'Give an amount in dollars, such as'],
  ['0,500', 'A comma stands between thousands'],
  ['1,2500', 'A comma stands between thousands'],
  ['-5', 'without a minus'],
  ['0.1234567891', 'at most nine decimals'],
  ['1234567890123', 'more dollars than'],
  ['twenty', 'with digits alone'],
])('what is wrong with %j', (text, expected) => {
  expect(typedUsd(text)).toBeNull();
  expect(amountProblem(text)).toContain(expected);
});

test('parts of a whole', () => {
  expect([perMille(1n, 3n), perMille(5n, 0n), perMille(9n, 3n), perMille(-1n, 3n)]).toEqual([333, 0, 1000, 0]);
  expect([share(1n, 3n), share(2n, 3n), share(0n, 5n), share(1n, 0n), share(1n, 5000n), share(18n, 1n)]).toEqual(['33.3 %', '66.7 %', '0.0 %', '–', '<0.1 %', '1,800.0 %']);
  expect([share(-1n, 3n), share(1n, -3n), share(-1n, 5000n), share(0n, -5n), share(-18n, 1n)]).toEqual(['−33.3 %', '33.3 %', '>−0.1 %', '0.0 %', '−1,800.0 %']);
  expect(total([nano('9007199254740993'), 1n])).toBe(9007199254740994n);
});

test('axis labels', () => {
  expect([0, 0.5, 2.5, 250, 12_000, 2_500_000].map(axisUsd)).toEqual(['$0', '$0.5', '$2.5', '$250', '$12k', '$2.5m']);
});
