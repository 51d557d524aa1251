import { http } from '@google-cloud/functions-framework';
import { serveAgent } from '../../shared/index.ts';
import { shipping } from './contract.ts';
import { handlers } from './handler.ts';

http('shipping', serveAgent({ agent: shipping, handlers }));
