// What the gateway's routes lead to: it tells what it was asked.
'use strict';
const http = require('node:http');
const http2 = require('node:http2');
const os = require('node:os');

const name = process.env.NAME;
let asked = 0;

http.createServer((request, response) => {
  const path = request.url.split('?')[0];
  if (path.endsWith('/events')) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: first\n\n');
    setTimeout(() => response.end('data: last\n\n'), 8000);
    return;
  }
  let bytes = 0;
  request.on('data', (part) => { bytes += part.length; });
  request.on('end', () => {
    asked += 1;
    // one replica of several can be told to fail
    const sick = request.headers['x-sick'] === os.hostname();
    const status = sick ? 503 : Number(request.headers['x-wanted-status'] || 200);
    response.writeHead(status, { 'content-type': 'application/json', 'access-control-allow-origin': 'https://own.example.com' });
    response.end(JSON.stringify({ name, host: os.hostname(), asked, bytes, method: request.method, url: request.url, headers: request.headers }));
  });
}).listen(8000, '0.0.0.0');

const grpc = http2.createServer();
grpc.on('stream', (stream, headers) => {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'x-called': headers[':path'] }));
  stream.pipe(stream);
});
grpc.listen(9000, '0.0.0.0');
process.on('SIGTERM', () => process.exit(0));
