// The shop's pages, made of what the API knows.
import express from 'express'

const { API_URL, SUPPORT_EMAIL } = process.env

const app = express()
app.disable('x-powered-by')

// Says that this process answers. It asks nobody else: no API that is away shall get the pages restarted.
app.get('/healthz', (_request, response) => response.json({ status: 'ok' }))

app.get('/shop/', async (_request, response) => {
  const answer = await fetch(`${API_URL}/api/items`, { signal: AbortSignal.timeout(5000) })
  if (!answer.ok) throw new Error(`the API answered ${answer.status}`)
  response.send(page(await answer.json()))
})

const page = ({ items, created }) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Shop</title>
<link rel="stylesheet" href="/style.css">
<h1>What we have</h1>
<ul>
${items.map(({ name }) => `<li>${escape(name)}</li>`).join('\n')}
</ul>
<p>New since the counter was started: ${created}</p>
<p>Questions: ${escape(SUPPORT_EMAIL)}</p>
</html>
`

const escape = (text) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

const server = app.listen(3000, '0.0.0.0')

// No new connections, but the requests that are under way get their answers. Then their connections close as well:
// the gateway would go on using them.
process.on('SIGTERM', () => {
  server.close(() => process.exit(0))
  setInterval(() => server.closeIdleConnections(), 100)
})
