import { expect, test } from 'vitest';
import { csv } from './csv.ts';

test('rows as a file', () => {
  const rows = [
    ['plain', 1, 9_007_199_254_740_993n],
    ['with, "both"', -2.5, -1n],
    ['=HYPERLINK("x")', 0, 0n],
    ['@sum', 0, 0n],
    ['two\nlines', 0, 1_500_000_000_000n],
  ];
  expect(csv(['name', 'count', 'cost_usd'], rows).split('\r\n')).toEqual([
    'name,count,cost_usd',
    'plain,1,9007199.254740993',
    '"with, ""both""",-2.5,-0.000000001',
    '"\'=HYPERLINK(""x"")",0,0.000000000',
    "'@sum,0,0.000000000",
    '"two\nlines",0,1500.000000000',
    '',
  ]);
});
