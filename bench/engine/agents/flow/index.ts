import { http } from '@google-cloud/functions-framework';
import { serveAgent } from '../../../../shared/index.ts';
import { flow } from './contract.ts';
import { workflows } from './workflow.ts';

http('flow', serveAgent({ agent: flow, handlers: {}, workflows }));
