import { expect, test } from 'vitest';
import { regionsIn, shownIn } from './regions.ts';

test.each([
  ['docs/client.md', 'client-page.test.ts'],
  ['docs/testing.md', 'testing-page.test.ts'],
  ['docs/encryption.md', 'encryption-page.test.ts'],
  ['docs/interceptors.md', 'interceptors-page.test.ts'],
])('%s shows the code that %s runs', (page, file) => {
  expect(shownIn(page)).toEqual(regionsIn(file));
});
