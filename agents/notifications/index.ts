import { http } from '@google-cloud/functions-framework';
import { serveAgent } from '../../shared/index.ts';
import { notifications } from './contract.ts';
import { handlers } from './handler.ts';

http('notifications', serveAgent({ agent: notifications, handlers }));
