import { expect, test } from 'vitest';
import type { Budget } from '../api/client.ts';
import { budgetFile } from './file.ts';

function budget(given: Record<string, unknown>): Budget {
  return { scope: 'org', period: 'month', parent: null, is_template: false, terms: null, figures: null, frozen: null, killed: null, ...given } as unknown as Budget;
}

test('every budget with its figures, to the nano-dollar', () => {
  const figures = { allocation_nano_usd: '9007199254740993', spent_nano_usd: '1', left_nano_usd: '-5', reserved_nano_usd: '0', leased_nano_usd: '0', moved_nano_usd: '0', carried_nano_usd: '0', promised_nano_usd: '0', unpromised_nano_usd: '0', overrun_nano_usd: '5', forecast_nano_usd: null };
  const text = budgetFile([budget({ terms: { amount_nano_usd: '9007199254740993', ceiling: 'hard' }, figures }), budget({ scope: 'developer/*', is_template: true, killed: { by: 'ada', at: '', reason: '' } })]);
  expect(text.split('\r\n')).toEqual([
    'scope,period,parent,kind,ceiling,starts_at,resets_at,agreed_usd,carried_usd,moved_usd,allocation_usd,spent_usd,reserved_usd,leased_usd,left_usd,promised_usd,unpromised_usd,overrun_usd,forecast_usd,state',
    'org,month,,own,hard,,,9007199.254740993,0.000000000,0.000000000,9007199.254740993,0.000000001,0.000000000,0.000000000,-0.000000005,0.000000000,0.000000000,0.000000005,,open',
    'developer/*,month,,for each,,,,,,,,,,,,,,,,killed',
    '',
  ]);
});
