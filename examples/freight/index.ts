import { http } from '@google-cloud/functions-framework';
import { serveAgent } from '../../shared/index.ts';
import { freight } from './contract.ts';
import { bookCheapest } from './workflow.ts';

http('freight', serveAgent({ agent: freight, handlers: {}, workflows: [bookCheapest] }));
