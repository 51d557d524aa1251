import { http } from '@google-cloud/functions-framework';

let dropped = false;

/** A function to run: says who and where it is, and does as its path tells it. */
http('probe', async (request, response) => {
  if (request.path === '/crash') process.kill(process.pid, 'SIGKILL');
  if (request.path === '/hang') return;
  if (request.path === '/drop-once' && !dropped) {
    dropped = true;
    request.socket.destroy();
    return;
  }
  process.stderr.write(`{"severity":"WARNING","message":"asked for ${request.path}"}\n`);
  response.json({
    pid: process.pid,
    path: request.url,
    method: request.method,
    body: request.rawBody?.toString(),
    setting: process.env.PROBE_SETTING,
    secret: process.env.SECRET_OF_THE_PARENT,
  });
});
