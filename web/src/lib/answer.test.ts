import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Answer } from './answer.svelte.ts';
import { member } from './member.svelte.ts';
import { Pages } from './pages.svelte.ts';

interface Asked {
  path: string;
  isGivenUp: () => boolean;
  answer: (body: unknown, status?: number) => Promise<void>;
  /** The connection is cut, before or within the answer. */
  cut: (within?: boolean) => Promise<void>;
}

/** What was asked of the server, in order; each is answered by hand. */
const asked: Asked[] = [];
/** Lets everything that waits for nothing more go on. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

beforeEach(() => {
  asked.length = 0;
  vi.stubGlobal('document', new EventTarget());
  vi.stubGlobal('fetch', (path: string, { signal }: { signal: AbortSignal }) =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => { reject(signal.reason as Error); });
      asked.push({
        path: path.replace('/api/v1/', ''),
        isGivenUp: () => signal.aborted,
        answer: (body, status = 200) => {
          resolve(new Response(typeof body === 'string' ? body : JSON.stringify(body), { status }));
          return settle();
        },
        cut: (within = false) => {
          if (within) resolve(new Response(new ReadableStream({ pull: (it) => { it.error(new TypeError('network error')); } })));
          else reject(new TypeError('Failed to fetch'));
          return settle();
        },
      });
    }),
  );
});
afterEach(() => {
  vi.unstubAllGlobals();
});

test('a steady stream of news starves nobody: what runs is answered, and asked once more', async () => {
  const it = new Answer<number>();
  it.want('report');
  for (let many = 0; many < 20; many += 1) it.news();
  expect(asked.length).toBe(1);
  await asked[0]?.answer(1);
  expect([it.data, asked.length, asked[0]?.isGivenUp()]).toEqual([1, 2, false]);
  await asked[1]?.answer(2);
  expect([it.data, asked.length, it.isLoading]).toEqual([2, 2, false]);
});

test('another question gives up the one before, whose answer stays until then', async () => {
  const it = new Answer<number>();
  it.want('a');
  await asked[0]?.answer(1);
  it.want('b');
  it.want('c');
  expect([it.data, it.isLoading, asked[1]?.isGivenUp()]).toEqual([1, true, true]);
  await asked[2]?.answer(3);
  expect([it.data, it.isLoading]).toEqual([3, false]);
  it.want(null);
  expect([it.data, it.isLoading]).toEqual([null, false]);
});

test.each([
  ['no connection', (it: Asked) => it.cut(), 'The server cannot be reached. Is it running?'],
  ['a connection that is cut within the answer', (it: Asked) => it.cut(true), 'The answer of the server broke off. Try again.'],
  ['an answer of something else', (it: Asked) => it.answer('<html>'), 'What answered is not what a Bursar server says.'],
  ['a failure without words', (it: Asked) => it.answer('gateway', 502), 'The server answered 502.'],
])('%s is a failure that is told, and can be tried again', async (_, fails, said) => {
  const it = new Answer<number>();
  it.want('report');
  await fails(asked[0] as Asked);
  expect(it.failure?.message).toContain(said);
  expect([it.data, it.isLoading]).toEqual([null, false]);
  it.again();
  await asked[1]?.answer(1);
  expect([it.data, it.failure]).toEqual([1, null]);
});

test('what a role does not see is not asked for again and again', async () => {
  const it = new Answer<number>();
  it.want('sessions');
  await asked[0]?.answer({}, 403);
  for (let many = 0; many < 5; many += 1) it.news();
  expect(asked.length).toBe(1);
  // Whoever wants to know may ask.
  it.again();
  expect(asked.length).toBe(2);
});

test('a failure of another question leaves no answer of the one before', async () => {
  const it = new Answer<number>();
  it.want('a');
  await asked[0]?.answer(1);
  it.again();
  await asked[1]?.cut();
  expect([it.data, it.failure?.code]).toEqual([1, 'unreachable']);
  it.want('b');
  expect([it.data, it.failure]).toEqual([1, null]);
  await asked[2]?.cut();
  expect([it.data, it.failure?.code]).toEqual([null, 'unreachable']);
});

test.each([true, false])('a first answer that is cut, within it %s, does not leave the page opening the books', async (within) => {
  const looked = member.look();
  await asked[0]?.cut(within);
  await looked;
  expect(member.state).toBe('unreachable');
});

interface Rows {
  rows: number[];
  next: string | null;
}

async function list(): Promise<Pages<Rows>> {
  const it = new Pages<Rows>();
  it.want('audit?limit=2');
  await asked[0]?.answer({ rows: [1, 2], next: 'b' });
  return it;
}

const rowsOf = (it: Pages<Rows>): number[] => (it.data ?? []).flatMap((page) => page.rows);

test('a file waits for the page that is being read, and has every row', async () => {
  const it = await list();
  void it.more();
  const all = it.all();
  expect(asked.map((one) => one.path)).toEqual(['audit?limit=2', 'audit?limit=2&cursor=b']);
  await asked[1]?.answer({ rows: [3, 4], next: 'c' });
  await asked[2]?.answer({ rows: [5], next: null });
  expect((await all).flatMap((page) => page.rows)).toEqual([1, 2, 3, 4, 5]);
  expect(asked.length).toBe(3);
});

test('a file that cannot be whole is none', async () => {
  const it = await list();
  const all = it.all();
  const refused = expect(all).rejects.toMatchObject({ message: 'The answer of the server broke off. Try again.' });
  await asked[1]?.cut(true);
  await refused;
  expect([asked.length, rowsOf(it), it.isLoading]).toEqual([2, [1, 2], false]);
  const other = it.all();
  const changed = expect(other).rejects.toMatchObject({ code: 'changed' });
  it.want('audit?limit=2&who=ada');
  await asked[2]?.answer({ rows: [3], next: 'd' });
  await changed;
});

test('rows that were read further stay, whatever happens meanwhile', async () => {
  const it = await list();
  const more = it.more();
  it.news();
  await asked[1]?.answer({ rows: [3, 4], next: 'c' });
  await more;
  it.news();
  expect([rowsOf(it), asked.length, it.hasNews]).toEqual([[1, 2, 3, 4], 2, true]);
  // After a change of one's own, as many are read anew.
  it.again();
  await asked[2]?.answer({ rows: [0, 1], next: 'b2' });
  expect(rowsOf(it)).toEqual([1, 2, 3, 4]);
  await asked[3]?.answer({ rows: [2, 3], next: 'c2' });
  expect([rowsOf(it), it.hasMore, it.hasNews, asked.length]).toEqual([[0, 1, 2, 3], true, false, 4]);
});

test('while no more was read, what is new is read', async () => {
  const it = await list();
  it.news();
  await asked[1]?.answer({ rows: [0, 1], next: 'b2' });
  expect([rowsOf(it), asked.length]).toEqual([[0, 1], 2]);
});

test('a page of another list changes nothing of this one', async () => {
  const it = await list();
  const more = it.more();
  it.want('audit?limit=2&who=ada');
  await asked[1]?.cut();
  await more;
  expect([it.isLoading, it.failure]).toEqual([true, null]);
  await asked[2]?.answer({ rows: [9], next: null });
  expect([rowsOf(it), it.isLoading, it.failure]).toEqual([[9], false, null]);
});

test('whoever is signed out while reading further is told so', async () => {
  const it = await list();
  member.state = 'in';
  const more = it.more();
  await asked[1]?.answer({}, 401);
  await more;
  expect(member.state).toBe('out');
});
