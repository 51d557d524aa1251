import { http } from '@google-cloud/functions-framework';
import { serveAgent } from '../../shared/index.ts';
import { scheduling } from './contract.ts';
import { handlers } from './handler.ts';

http('scheduling', serveAgent({ agent: scheduling, handlers }));
