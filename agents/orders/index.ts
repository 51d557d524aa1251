import { http } from '@google-cloud/functions-framework';
import { serveAgent } from '../../shared/index.ts';
import { orders } from './contract.ts';
import { fulfillOrder } from './workflow.ts';

http('orders', serveAgent({ agent: orders, handlers: {}, workflows: [fulfillOrder] }));
