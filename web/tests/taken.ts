/** Files that a page offers, read. */
import type { Page } from '@playwright/test';

/** A file of comma-separated values as its rows by the names of the columns. */
export function read(text: string): Record<string, string>[] {
  const cells: string[][] = [[]];
  const cell = /("(?:[^"]|"")*"|[^,\r\n]*)(,|\r?\n|$)/g;
  for (let at = 0; at < text.length; at = cell.lastIndex) {
    const [, value = '', end = ''] = cell.exec(text) ?? [];
    cells.at(-1)?.push(value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value);
    if (end !== ',') cells.push([]);
  }
  const [head = [], ...rows] = cells.filter((it) => it.length > 0);
  return rows.map((row) => Object.fromEntries(head.map((name, index) => [name, row[index] ?? ''])));
}

/** Takes the file of that name. */
export async function taken(page: Page, name: string): Promise<Record<string, string>[]> {
  const coming = page.waitForEvent('download');
  const main = page.locator('main');
  const exact = { name: `CSV of ${name}`, exact: true };
  await main.getByRole('link', exact).or(main.getByRole('button', exact)).first().click();
  return read((await (await (await coming).createReadStream()).toArray()).join(''));
}

/** An amount such as `$1,250.50` or `0.017736750`, in nano-dollars. */
export function nano(text: string): bigint {
  const [whole = '0', part = ''] = text.replace(/[$,]/g, '').replace('−', '-').split('.');
  const size = BigInt(whole.replace('-', '')) * 1_000_000_000n + BigInt(part.padEnd(9, '0'));
  return whole.startsWith('-') ? -size : size;
}

/** An amount of the API such as `1250.500000000`, as titles of the page have it: `$1,250.500000000`. */
export function exactUsd(amount: string): string {
  return `$${amount.replace(/\B(?=(\d{3})+(?!\d)(?=.*\.))/g, ',')}`;
}

export function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((all, it) => all + it, 0n);
}
