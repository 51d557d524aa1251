import { http } from '@google-cloud/functions-framework';
import { serveAgent } from '../../../../shared/index.ts';
import { work } from './contract.ts';
import { handlers } from './handler.ts';

http('work', serveAgent({ agent: work, handlers }));
