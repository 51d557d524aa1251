import { http } from '@google-cloud/functions-framework';
import { deadLetters } from '../../agents/dead-letters/contract.ts';
import { handlers } from '../../agents/dead-letters/handler.ts';
import { serveAgent } from '../../shared/index.ts';

http('dead-letters', serveAgent({ agent: deadLetters, handlers }));
