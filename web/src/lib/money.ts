/**
 * Money as the server says it: whole nano-dollars in text. Here it is read into a `bigint`,
 * compared and printed, and never made a float: {@link forPixels} is for lengths on a screen.
 */

/** Nano-dollars in a dollar. */
const NANO_PER_USD = 1_000_000_000n;
const NANO_PER_CENT = 10_000_000n;
const CENTS_PER_USD = 100n;
/** Digits behind the point of an exact amount. */
const NANO_DIGITS = 9;

/** An amount as text, read. */
export function nano(text: string): bigint {
  return BigInt(text);
}

function grouped(whole: bigint): string {
  return whole.toString().replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

function signed(isNegative: boolean, text: string): string {
  return isNegative ? `−${text}` : text;
}

/** In dollars and cents, rounded half to even, as `$1,234.50`; what is less than a cent says so. */
export function usd(amount: bigint): string {
  const isNegative = amount < 0n;
  const size = isNegative ? -amount : amount;
  if (size > 0n && size < NANO_PER_CENT) return isNegative ? '>−$0.01' : '<$0.01';
  const cents = rounded(size, NANO_PER_CENT);
  const rest = (cents % CENTS_PER_USD).toString().padStart(2, '0');
  return signed(isNegative, `$${grouped(cents / CENTS_PER_USD)}.${rest}`);
}

/** With all nine decimals, as `$0.017736750`. */
export function exactUsd(amount: bigint): string {
  const isNegative = amount < 0n;
  const size = isNegative ? -amount : amount;
  const rest = (size % NANO_PER_USD).toString().padStart(NANO_DIGITS, '0');
  return signed(isNegative, `$${grouped(size / NANO_PER_USD)}.${rest}`);
}

/** For the axis of a chart: `$0`, `$250`, `$1.2k`, `$3m`. */
export function axisUsd(amount: number): string {
  if (amount === 0) return '$0';
  if (amount < 10) return `$${amount.toFixed(2).replace(/\.?0+$/, '')}`;
  const [unit, divisor] = amount >= 1e6 ? ['m', 1e6] : amount >= 1e4 ? ['k', 1e3] : ['', 1];
  return `$${Number((amount / divisor).toFixed(1)).toLocaleString('en-US')}${unit}`;
}

function rounded(amount: bigint, unit: bigint): bigint {
  const [whole, rest] = [amount / unit, amount % unit];
  const isUp = rest * 2n > unit || (rest * 2n === unit && whole % 2n === 1n);
  return isUp ? whole + 1n : whole;
}

/** With commas between thousands, each group whole; a comma that stands elsewhere may be meant as a point. */
const GROUPED = /^[1-9]\d{0,2}(,\d{3})+(\.\d+)?$/;
const PLAIN = /^\d{1,12}(\.\d{1,9})?$/;

/** What somebody typed as an amount, `1,250.50` or `$20`, as the server reads it; or none. */
export function typedUsd(text: string): string | null {
  const typed = text.trim().replace(/^\$/, '');
  const plain = GROUPED.test(typed) ? typed.replaceAll(',', '') : typed;
  return PLAIN.test(plain) ? plain : null;
}

/** What is wrong with an amount that {@link typedUsd} does not take. */
export function amountProblem(text: string): string {
  const typed = text.trim().replace(/^\$/, '');
  if (typed === '') return 'Give an amount in dollars, such as 500 or 1,250.50.';
  if (/^[-−]/.test(typed)) return 'Give an amount without a minus.';
  if (/^[\d.,]+$/.test(typed) && typed.includes(',')) return 'A comma stands between thousands, as in 1,250.50. Write cents behind a point: 0.50.';
  if (/^\d+\.\d{10,}$/.test(typed)) return 'An amount has at most nine decimals.';
  if (/^\d{13,}(\.\d*)?$/.test(typed)) return 'That is more dollars than a budget can have.';
  return 'Give an amount in dollars, such as 500 or 1,250.50, with digits alone.';
}

/** The part of a whole, in per mille, between 0 and 1000: for the length of a bar. */
export function perMille(part: bigint, whole: bigint): number {
  if (whole <= 0n || part <= 0n) return 0;
  const share = (part * 1000n) / whole;
  return Number(share > 1000n ? 1000n : share);
}

/** The part of a whole in words: `12.3 %`; what is there and rounds to nothing says so. */
export function share(part: bigint, whole: bigint): string {
  if (whole === 0n) return '–';
  const isNegative = part < 0n;
  const tenths = rounded((part < 0n ? -part : part) * 1000n, whole < 0n ? -whole : whole);
  if (tenths === 0n && part !== 0n) return isNegative ? '>−0.1 %' : '<0.1 %';
  return signed(isNegative, `${grouped(tenths / 10n)}.${(tenths % 10n).toString()} %`);
}

/** Dollars as a number, for the place of a point in a chart and nothing else. */
export function forPixels(amount: bigint): number {
  return Number(amount) / Number(NANO_PER_USD);
}

export function total(amounts: readonly bigint[]): bigint {
  return amounts.reduce((sum, it) => sum + it, 0n);
}

/** For sorting. */
export function byAmount(one: bigint, other: bigint): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
