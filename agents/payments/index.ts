import { http } from '@google-cloud/functions-framework';
import { serveAgent } from '../../shared/index.ts';
import { payments } from './contract.ts';
import { handlers } from './handler.ts';

http('payments', serveAgent({ agent: payments, handlers }));
