import { http } from '@google-cloud/functions-framework';
import { serveAgent } from '../../shared/index.ts';
import { carriers } from './contract.ts';
import { handlers } from './handler.ts';

http('carriers', serveAgent({ agent: carriers, handlers }));
