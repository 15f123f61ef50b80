import { expect, test } from 'vitest';
import { asked, readPeriod, readQuestion, toggled, writeQuestion, type Filter } from './question.ts';

/** An address, read and written again. */
function again(address: string): string {
  return decodeURIComponent(writeQuestion(readQuestion(new URLSearchParams(address))).toString());
}

test.each([
  ['', ''],
  ['by=team&every=daily&since=this-month', ''],
  ['by=repo,model', 'by=repo,model'],
  ['by=repo,repo,colour,model,team,pr', 'by=repo,model'],
  ['since=all', 'since=all'],
  ['since=2026-10-01&until=2026-10-31', 'since=2026-10-01&until=2026-10-31'],
  ['since=this-month&until=2026-11-10', 'since=this-month&until=2026-11-10'],
  ['every=monthly&compare=&view=share', 'every=monthly&compare=&view=share'],
  ['every=none', 'every=none'],
  ['every=hourly&view=pie', ''],
  ['repo=a/b&repo=c&team=', 'repo=a/b&repo=c'],
  ['branch.is=a,b&branch=feat/*&branch.not=x', 'branch=feat/*&branch.is=a,b'],
])('%s', (address, expected) => {
  expect(again(address)).toBe(expected);
  expect(again(expected)).toBe(expected);
});

test('hostile names come through an address as they are', () => {
  const branch = '<script>alert(1)</script>&by=team#x\u202eabc';
  const filters: Filter[] = [{ dimension: 'branch', sense: 'is', values: [branch] }];
  const search = writeQuestion({ ...readQuestion(new URLSearchParams()), filters });
  expect(readQuestion(new URLSearchParams(search.toString())).filters).toEqual(filters);
});

test('what the server is asked', () => {
  const period = readPeriod(new URLSearchParams('since=all'));
  expect(asked(period).toString()).toBe('');
  expect(asked({ since: '30d', until: '' }, [{ dimension: 'team', sense: 'is', values: ['a', 'b'] }]).toString()).toBe('since=30d&team.is=a&team.is=b');
});

test('a chip comes and goes', () => {
  const one = toggled([], 'team', 'web');
  const two = toggled(one, 'team', 'core');
  expect(two).toEqual([{ dimension: 'team', sense: 'is', values: ['web', 'core'] }]);
  expect(toggled(toggled(two, 'team', 'web'), 'team', 'core')).toEqual([]);
});
