// The pages, made by the server itself of what an API of our own says.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'

const api = createServer((_request, response) => response.end(JSON.stringify({ items: [{ name: '<b>' }], created: 1 })))
await once(api.listen(0, '127.0.0.1'), 'listening')
process.env.API_URL = `http://127.0.0.1:${api.address().port}`
process.env.SUPPORT_EMAIL = 'help@example.com'
await import('../src/server.js')

const page = async (path) => {
  const answer = await fetch(`http://127.0.0.1:3000${path}`)
  return [answer.status, await answer.text()]
}

test('it says that it is well', async () => {
  assert.deepEqual(await page('/healthz'), [200, '{"status":"ok"}'])
})

test('what an item is called is text, whatever is in it', async () => {
  const [status, text] = await page('/shop/')
  assert.equal(status, 200)
  assert.match(text, /<li>&#60;b&#62;<\/li>/)
})
