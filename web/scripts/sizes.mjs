// Prints what a first visit loads, compressed, and fails where it is more than was agreed.
import { readFileSync, readdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const FIRST_LOAD_MOST_KB = 150;
const WITH_CHARTS_MOST_KB = 350;

const dist = new URL('../dist/', import.meta.url);
const kb = (path) => gzipSync(readFileSync(new URL(path, dist)), { level: 9 }).length / 1024;
const isChart = (name) => name.startsWith('engine-');

const assets = readdirSync(new URL('assets/', dist));
const sizes = assets.map((name) => ({ name, size: kb(`assets/${name}`) }));
sizes.push({ name: 'index.html', size: kb('index.html') });
sizes.sort((one, other) => other.size - one.size);
for (const { name, size } of sizes) console.log(`${size.toFixed(1).padStart(8)} kB  ${name}`);

const sum = (of) => of.reduce((total, it) => total + it.size, 0);
const all = sum(sizes);
const first = sum(sizes.filter((it) => !isChart(it.name)));
console.log(`${first.toFixed(1).padStart(8)} kB  without charts, of at most ${FIRST_LOAD_MOST_KB}`);
console.log(`${all.toFixed(1).padStart(8)} kB  with charts, of at most ${WITH_CHARTS_MOST_KB}`);
if (first > FIRST_LOAD_MOST_KB || all > WITH_CHARTS_MOST_KB) {
  console.error('The page is too large. Load less at first, or leave a dependency out.');
  process.exit(1);
}
