/** Rows as a file for spreadsheets: RFC 4180, amounts exact, and no name that a spreadsheet would run. */
import { exactUsd } from './money.ts';

export type Cell = bigint | number | string;

/** What a spreadsheet takes for a formula when a text begins with it. */
const RUNS = /^[=+\-@\t\r]/;

function cell(value: Cell): string {
  if (typeof value === 'bigint') return exactUsd(value).replaceAll(',', '').replace('$', '').replace('−', '-');
  if (typeof value === 'number') return value.toString();
  const text = RUNS.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A bigint is an amount in nano-USD and stands there in USD. */
export function csv(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [head, ...rows].map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n';
}

/** Lets the browser keep a text as a file. */
export function keep(name: string, text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }));
  link.download = name;
  link.click();
  setTimeout(() => {
    URL.revokeObjectURL(link.href);
  });
}
