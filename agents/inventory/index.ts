import { http } from '@google-cloud/functions-framework';
import { serveAgent } from '../../shared/index.ts';
import { inventory } from './contract.ts';
import { handlers } from './handler.ts';

http('inventory', serveAgent({ agent: inventory, handlers }));
