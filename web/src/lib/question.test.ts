import { expect, test } from 'vitest';
import { asked, DEFAULT_PERIOD, linkTo, readPeriod, readQuestion, toggled, writeQuestion, type Filter } from './question.ts';

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
  expect(asked(period).toString()).toBe('since=all');
  expect(asked({ since: '30d', until: '' }, [{ dimension: 'team', sense: 'is', values: ['a', 'b'] }]).toString()).toBe('team.is=a&team.is=b&since=30d');
});

test('a chip comes and goes', () => {
  const one = toggled([], 'team', 'web');
  const two = toggled(one, 'team', 'core');
  expect(two).toEqual([{ dimension: 'team', sense: 'is', values: ['web', 'core'] }]);
  expect(toggled(toggled(two, 'team', 'web'), 'team', 'core')).toEqual([]);
});

const WEEK = { since: '7d', until: '' };
test.each([
  ['/teams', {}, DEFAULT_PERIOD, '/teams'],
  ['/teams', {}, WEEK, '/teams?since=7d'],
  ['/explore?provider.is=anthropic', {}, WEEK, '/explore?provider.is=anthropic&since=7d'],
  ['/explore?provider.is=anthropic', {}, DEFAULT_PERIOD, '/explore?provider.is=anthropic'],
  ['/explore?team.is=a&team.is=b', { by: 'repo' }, WEEK, '/explore?team.is=a&team.is=b&by=repo&since=7d'],
  ['/explore?since=2026-11-01&until=2026-11-02&by=session', {}, WEEK, '/explore?since=2026-11-01&until=2026-11-02&by=session'],
  ['/sessions/x?turn=1', { turn: '2' }, WEEK, '/sessions/x?turn=2&since=7d'],
  ['/budgets#team%2Fweb%20month', {}, WEEK, '/budgets?since=7d#team%2Fweb%20month'],
  ['/branches/a%3Fb%23c', { repo: 'x&y' }, WEEK, '/branches/a%3Fb%23c?repo=x%26y&since=7d'],
  ['/', {}, { since: '', until: '' }, '/?since=all'],
])('a link to %s with %j', (path, search, period, expected) => {
  expect(linkTo(path, search, period)).toBe(expected);
});
