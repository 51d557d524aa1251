import { defineAgent } from '../../../../../shared/contract/index.ts';

/** An agent whose secret nobody has. */
export const needy = defineAgent({ name: 'needy', secrets: ['nobody-has-this'] });
