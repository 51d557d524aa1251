import { http } from '@google-cloud/functions-framework';
import { serveAgent } from '../../shared/index.ts';
import { cashier } from './contract.ts';
import { handlers } from './handler.ts';

http('cashier', serveAgent({ agent: cashier, handlers }));
