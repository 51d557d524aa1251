import { http } from '@google-cloud/functions-framework';
import { serveAgent } from '../../shared/index.ts';
import { reports } from './contract.ts';
import { handlers } from './handler.ts';
import { dailyReport } from './workflow.ts';

http('reports', serveAgent({ agent: reports, handlers, workflows: [dailyReport] }));
