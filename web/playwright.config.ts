import { defineConfig } from '@playwright/test';

/** Where Debian's package puts the browser. */
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
/** Without them the browser looks for its maker's hosts at every start. */
const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

const DESKTOP = { width: 1360, height: 900 };
const PHONE = { width: 390, height: 844 };

export default defineConfig({
  testDir: 'tests',
  globalSetup: './tests/company_made.ts',
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  forbidOnly: true,
  reporter: [['list']],
  use: { launchOptions: { executablePath: CHROMIUM, args: QUIET }, trace: 'retain-on-failure' },
  projects: [
    { name: 'desktop light', use: { viewport: DESKTOP, colorScheme: 'light' } },
    { name: 'desktop dark', testMatch: 'pages.spec.ts', use: { viewport: DESKTOP, colorScheme: 'dark' } },
    { name: 'phone light', testMatch: 'pages.spec.ts', use: { viewport: PHONE, colorScheme: 'light' } },
    { name: 'phone dark', testMatch: 'pages.spec.ts', use: { viewport: PHONE, colorScheme: 'dark' } },
  ],
});
