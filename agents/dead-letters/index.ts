import { http } from '@google-cloud/functions-framework';
import { serveAgent } from '../../shared/index.ts';
import { deadLetters } from './contract.ts';
import { handlers } from './handler.ts';

http('dead-letters', serveAgent({ agent: deadLetters, handlers }));
