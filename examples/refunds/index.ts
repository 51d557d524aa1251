import { http } from '@google-cloud/functions-framework';
import { serveAgent } from '../../shared/index.ts';
import { refunds } from './contract.ts';
import { approveRefund } from './workflow.ts';

http('refunds', serveAgent({ agent: refunds, handlers: {}, workflows: [approveRefund] }));
