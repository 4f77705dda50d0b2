//! Every text field of the schema, and what becomes of a text in it.

/// One of everything. Names begin with a, b or c, so that the names below sort behind them.
pub(super) const BASE: &str = r#"
forge: 1
name: base
registry: ghcr.io/acme
platforms: [linux/amd64]
defaults:
  resources: { limits: { memory: 256M }, reservations: { memory: 32M } }
  user: { name: app }
  stop_grace_period: 30s
  logging: { driver: json-file, max_size: 10M, labels: [alabel], options: { tag: words } }
services:
  api:
    build:
      stack: python
      context: ./api
      version: "3.13"
      options: { package_manager: pip, framework: plain, app: "app.main:app", test_requirements: requirements-test.txt, requirements: requirements.txt, directory: app, extra_requirements: ["aserver==1.0"] }
      packages: { build: [gcc], run: [libpq5] }
      user: { name: app }
      sources: [src]
    command: [python, -m, app]
    port: 8000
    ports: { binary: 9000, aport: 9001 }
    private: { paths: [/apath], allow: [192.0.2.0/24] }
    healthcheck: { command: [python, -c, pass], interval: 30s, timeout: 5s, start_period: 20s }
    needs: { bank: { environment: { BANK_URL: url }, role: app }, bucket: {} }
    environment: { AAA: info }
    variables: [ADDRESS]
    secrets: { ATOKEN: { environment: ATOKEN_VALUE } }
    migrate: { command: [python, -m, migrate], timeout: 5m }
    labels: { alabel: words }
    networks: [abroad]
    publish: { main: { port: 18000, reason: because } }
    logging: { driver: json-file, max_size: 10M, labels: [alabel], options: { tag: words } }
    test: { command: [python, -m, unittest] }
    resources: { limits: { memory: 512M }, reservations: { memory: 128M } }
    writable: { /data/up: { volume: auploads }, /data/far: { volume: afar }, /scratch: { tmpfs: 16M } }
    stop_grace_period: 30s
    exceptions: [{ rule: read-only-root, reason: because }]
  alone:
    from: api
    command: [python, -m, worker]
    healthcheck: { file: { path: /tmp/alive, max_age: 60s } }
  also:
    build: { stack: python, context: ./also }
    command: [python, -m, also]
    port: 8000
    variables: [ALEVEL, AMOUNT]
    ports: { aport: 9000 }
    needs: [bank]
    healthcheck: { reaches: bank }
    migrate: { command: [python, -m, migrate], after: [api] }
  asset:
    build: { stack: static, context: ./asset, options: { root: public, not_found: gone.html } }
    healthcheck: { http: /healthz }
  blog:
    build:
      stack: node
      context: ./blog
      options: { package_manager: npm, framework: plain, main: server.js, build_script: build, builds: [words] }
      args: { AARG: words }
      secrets: [ABC]
      audit: [npm-audit]
    port: 3000
    needs: [api, bought]
    secrets: [ABC, AGED, AKEPT, ASOPPED, AVAULTED]
    variables: [BADDRESS]
  canvas:
    build: { stack: spa, context: ./canvas, options: { output: dist, base_path: /canvas, immutable: [assets] } }
  anvil:
    build:
      stack: go
      context: ./anvil
      options: { framework: http, assets: [pages], programs: [./cmd/beat], tags: [atag], version_variable: main.version }
  bridge:
    build: { stack: rust, context: ./bridge, options: { binary: bridge, binaries: [beat], features: [afeature] } }
    port: 8000
  anchor:
    build:
      stack: java
      context: ./anchor
      options: { package_manager: none, sources: src, resources: files, main_class: Main }
    port: 8000
  amber:
    build:
      stack: java
      context: ./amber
      options: { package_manager: gradle, module: amodule, task: atask, jar: a.jar }
    port: 8000
  bloom: { build: { stack: elixir, context: ./bloom, options: { app: bloom, release: bloom_all } }, port: 4000 }
  bolt: { build: { stack: dotnet, context: ./bolt, options: { project: Bolt.csproj } } }
  bakery:
    build: { stack: php, context: ./bakery, options: { public: public, extensions: [intl], javascript: none } }
    companions: { web: { resources: { limits: { memory: 64M }, reservations: { memory: 16M } }, exceptions: [{ rule: read-only-root, reason: because }] } }
  berry: { build: { stack: ruby, context: ./berry, options: { main: main.rb, without: [test], javascript: none, javascript_version: "4.0" } }, port: 8000 }
  chest:
    build:
      stack: custom
      context: ./chest
      options: { dockerfile: own/Dockerfile, target: astage, workdir: /aworkdir, probe_with: curl }
      user: { uid: 10001 }
      sources: [asource]
    port: 8000
    healthcheck: { http: /healthz }
  box:
    image: traefik/whoami:v1
    user: { uid: 65532, gid: 65532 }
    command: [/whoami]
    healthcheck: { command: [/probe] }
backings:
  bank:
    kind: postgres
    version: "18"
    database: abank
    user: auser
    options: { extensions: [aextension], init: [0.sql] }
    labels: { alabel: words }
    logging: { driver: json-file, max_size: 10M, labels: [alabel], options: { tag: words } }
    publish: { main: { port: 15432, reason: because } }
    stop_grace_period: 1m
    resources: { limits: { memory: 1G }, reservations: { memory: 256M } }
    exceptions: [{ rule: read-only-root, reason: because }]
  bought:
    kind: postgres
    external: { host: bought.example.com, user: auser, database: abase, secrets: { password: BOUGHT } }
  bucket: { kind: versitygw, options: { buckets: [abucket], region: aregion } }
  cache: { kind: redis, use: cache }
secrets:
  ABC: { generate: { length: 50, alphabet: alphanumeric } }
  AGED: { age: { file: adir/afile } }
  ATOKEN: { supplied: words }
  AKEPT: { external: { name: aname } }
  ASOPPED: { sops: { file: adir/afile, key: [akey] }, format: htpasswd }
  AVAULTED: { vault: { path: amount/apath, key: akey } }
  BOUGHT: { supplied: words }
variables:
  ADDRESS: { type: string, default: somewhere, description: words }
  BADDRESS: { required: true, description: words, group: agroup }
  ALEVEL: { type: one_of, values: [alow, ahigh] }
  AMOUNT: { type: integer, min: 1, max: 9 }
gateway:
  version: "1.30"
  hosts: { amain: { domain: a.example.com, aliases: [www.a.example.com] } }
  tls: { mode: files, profile: modern, hsts: { max_age: 365d } }
  headers:
    csp: { policy: { script-src: [self] }, report_uri: /reports }
    referrer_policy: no-referrer
    permissions_policy: { camera: [self] }
    frame_options: deny
    cross_origin_opener_policy: same-origin
    cross_origin_resource_policy: same-site
    cross_origin_embedder_policy: require-corp
    extra: { X-Robots-Tag: noindex }
  filter: { methods: [PUT, GET, POST, OPTIONS] }
  client: { header_timeout: 15s, body_timeout: 15s, send_timeout: 15s, keepalive: 15s, max_header_size: 8K }
  ports: { host_ip: 127.0.0.1 }
  limits: { alimit: { rate: 10r/s } }
  routes:
    - { host: amain, path: /a/, to: api, limit: alimit, upload: { max_size: 10M } }
    - { host: amain, path: /b/, to: also, port: aport, timeouts: { connect: 5s, read: 5s, send: 5s }, cache: { for: 1m }, canary: { to: api, percent: 5 }, cors: { origins: ["https://a.example.com"], methods: [PUT], headers: [Aheader], expose: [Aexposed] }, allow: [192.0.2.0/24] }
    - { host: amain, path: /c/, to: api, login: { users: ATOKEN, realm: arealm } }
    - { host: amain, path: /d/, redirect: { to: /a/ } }
    - { host: amain, path: /, to: api }
    - { host: amain, path: /e/, files: { folder: afolder, max_age: 1h } }
  upstreams: { api: { balance: sticky, retries: { on: [error], timeout: 5s }, fail_timeout: 5s } }
  pages: { folder: pages, errors: { "404": gone.html } }
  maintenance: { retry_after: 1m, allow: [192.0.2.0/24] }
  cache_size: 32M
  image: animage:1
  trusted_proxies: [10.0.0.0/8]
  max_body_size: 10M
  logging: { driver: json-file, max_size: 10M, labels: [alabel], options: { tag: words } }
  resources: { limits: { memory: 256M }, reservations: { memory: 64M } }
  stop_grace_period: 30s
  exceptions: [{ rule: read-only-root, reason: because }]
networks:
  bank: { subnet: 10.5.0.0/24, gateway: 10.5.0.1, options: { com.docker.network.driver.mtu: 1450 }, labels: { alabel: words } }
  abroad: { external: true, name: aforeign }
volumes:
  auploads:
    driver: local
    options: { type: nfs, o: addr=10.0.0.9, device: ":/exports" }
    labels: { alabel: words }
    exceptions: [{ rule: host-volume, reason: because }]
  afar: { external: true, name: avolume }
environments:
  alpha: { source_mounts: true, debug: { api: { port: 15678 } } }
  beta: { approval: true }
ci:
  provider: github
  branch: main
  runner: arunner
  login: { token: { username: AUSER, secret: ASECRET } }
  scan: { severity: high }
  audit: { snyk: { secret: SNYK }, safety: { secret: SAFETY } }
  schedule: { rebuild: "17 3 * * 1", lock: "17 4 * * 1" }
  deploy: { beta: { command: [./deploy, beta], secrets: [AKEY], runner: another } }
  forge: { revision: 0123456789012345678901234567890123456789 }
layout:
  compose: { alpha: { file: alpha.yml } }
  dockerfile: "{service}/{service}.Dockerfile"
  nginx: anginx
  scripts: ascripts
"#;

/// A text field of the schema, and where in [`BASE`] texts are put to try it. A place that ends with `{key}` is the
/// name of an entry.
pub(super) struct Field {
    pub(super) field: &'static str,
    pub(super) places: &'static [&'static str],
    pub(super) fate: Fate,
}

/// What becomes of a text that the field takes.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Fate {
    /// It stands in a file.
    Lands,
    /// It stands in comments at most, or decides something.
    Vanishes,
    /// There is a fixed set of texts, or it names something that has to be there: none of the hostile ones is taken.
    Refused,
}

const fn field(field: &'static str, fate: Fate, places: &'static [&'static str]) -> Field {
    Field { field, places, fate }
}

use Fate::{Lands, Refused, Vanishes};

/// Every text field of the schema. A new one makes `every_text_field_of_the_schema_is_tried` fail.
pub(super) const FIELDS: &[Field] = &[
    field("name", Lands, &["name"]),
    field("registry", Lands, &["registry"]),
    field("platforms[]", Refused, &["platforms[0]"]),
    field("defaults.resources.limits.memory", Refused, &["defaults.resources.limits.memory"]),
    field("defaults.resources.reservations.memory", Refused, &["defaults.resources.reservations.memory"]),
    field("defaults.user.name", Lands, &["defaults.user.name"]),
    field("defaults.stop_grace_period", Refused, &["defaults.stop_grace_period"]),
    field("defaults.logging.max_size", Refused, &["defaults.logging.max_size"]),
    field("defaults.logging.driver", Refused, &["defaults.logging.driver"]),
    field("defaults.logging.labels[]", Lands, &["defaults.logging.labels[0]"]),
    field("defaults.logging.options.{key}", Refused, &["defaults.logging.options.tag.{key}"]),
    field("defaults.logging.options.*", Lands, &["defaults.logging.options.tag"]),
    field("backings.*.external.database", Lands, &["backings.bought.external.database"]),
    field("backings.*.external.host", Lands, &["backings.bought.external.host"]),
    field("backings.*.external.secrets.*", Refused, &["backings.bought.external.secrets.password"]),
    field("backings.*.external.secrets.{key}", Refused, &["backings.bought.external.secrets.password.{key}"]),
    field("backings.*.external.user", Lands, &["backings.bought.external.user"]),
    field("backings.*.labels.*", Lands, &["backings.bank.labels.alabel"]),
    field("backings.*.labels.{key}", Lands, &["backings.bank.labels.alabel.{key}"]),
    field("backings.*.options.extensions[]", Lands, &["backings.bank.options.extensions[0]"]),
    field("backings.*.options.init[]", Lands, &["backings.bank.options.init[0]"]),
    field("backings.*.options.buckets[]", Lands, &["backings.bucket.options.buckets[0]"]),
    field("backings.*.options.region", Lands, &["backings.bucket.options.region"]),
    field("backings.*.options.{key}", Refused, &["backings.bank.options.init.{key}"]),
    field("services.*.labels.*", Lands, &["services.api.labels.alabel"]),
    field("services.*.labels.{key}", Lands, &["services.api.labels.alabel.{key}"]),
    field("services.*.migrate.after[]", Refused, &["services.also.migrate.after[0]"]),
    field("services.*.needs.*.role", Refused, &["services.api.needs.bank.role"]),
    field("services.{key}", Lands, &["services.box.{key}"]),
    field("services.*.build.stack", Refused, &["services.api.build.stack"]),
    field("services.*.build.context", Lands, &["services.api.build.context"]),
    field("services.*.build.version", Refused, &["services.api.build.version"]),
    field("services.*.build.options.{key}", Refused, &["services.api.build.options.app.{key}"]),
    field("services.*.build.options.package_manager", Refused, &["services.api.build.options.package_manager"]),
    field("services.*.build.options.framework", Refused, &["services.api.build.options.framework"]),
    field("services.*.build.options.app", Vanishes, &["services.api.build.options.app"]),
    field("services.*.build.options.main", Lands, &["services.blog.build.options.main"]),
    field("services.*.build.options.build_script", Lands, &["services.blog.build.options.build_script"]),
    field("services.*.build.options.test_requirements", Lands, &["services.api.build.options.test_requirements"]),
    field(
        "services.*.build.options.extra_requirements[]",
        Refused,
        &["services.api.build.options.extra_requirements[0]"],
    ),
    field("services.*.build.options.requirements", Lands, &["services.api.build.options.requirements"]),
    field("services.*.build.options.directory", Lands, &["services.api.build.options.directory"]),
    field("services.*.build.options.package", Vanishes, &["services.api.build.options.package"]),
    field(
        "services.*.build.options.package_manager_version",
        Refused,
        &["services.api.build.options.package_manager_version"],
    ),
    field("services.*.build.options.probe_host", Vanishes, &["services.api.build.options.probe_host"]),
    field("services.*.build.options.variant", Refused, &["services.api.build.options.variant"]),
    field("services.*.build.options.builds[]", Vanishes, &["services.blog.build.options.builds[0]"]),
    field("services.*.build.options.output", Lands, &["services.canvas.build.options.output"]),
    field("services.*.build.options.base_path", Lands, &["services.canvas.build.options.base_path"]),
    field("services.*.build.options.immutable[]", Lands, &["services.canvas.build.options.immutable[0]"]),
    field("services.*.build.options.root", Lands, &["services.asset.build.options.root"]),
    field("services.*.build.options.assets[]", Lands, &["services.anvil.build.options.assets[0]"]),
    field("services.*.build.options.binaries[]", Lands, &["services.bridge.build.options.binaries[0]"]),
    field("services.*.build.options.binary", Lands, &["services.bridge.build.options.binary"]),
    field("services.*.build.options.extensions[]", Lands, &["services.bakery.build.options.extensions[0]"]),
    field("services.*.build.options.features[]", Lands, &["services.bridge.build.options.features[0]"]),
    field("services.*.build.options.jar", Refused, &["services.amber.build.options.jar"]),
    field("services.*.build.options.javascript", Refused, &["services.bakery.build.options.javascript"]),
    field("services.*.build.options.javascript_version", Refused, &["services.berry.build.options.javascript_version"]),
    field("services.*.build.options.main_class", Lands, &["services.anchor.build.options.main_class"]),
    field("services.*.build.options.release", Lands, &["services.bloom.build.options.release"]),
    field("services.*.build.options.module", Lands, &["services.amber.build.options.module"]),
    field("services.*.build.options.not_found", Lands, &["services.asset.build.options.not_found"]),
    field("services.*.build.options.programs[]", Refused, &["services.anvil.build.options.programs[0]"]),
    field("services.*.build.options.project", Refused, &["services.bolt.build.options.project"]),
    field("services.*.build.options.public", Lands, &["services.bakery.build.options.public"]),
    field("services.*.build.options.resources", Lands, &["services.anchor.build.options.resources"]),
    field("services.*.build.options.sources", Lands, &["services.anchor.build.options.sources"]),
    field("services.*.build.options.tags[]", Lands, &["services.anvil.build.options.tags[0]"]),
    field("services.*.build.options.task", Lands, &["services.amber.build.options.task"]),
    field("services.*.build.options.version_variable", Lands, &["services.anvil.build.options.version_variable"]),
    field("services.*.build.options.without[]", Lands, &["services.berry.build.options.without[0]"]),
    field("services.*.build.options.dockerfile", Lands, &["services.chest.build.options.dockerfile"]),
    field("services.*.build.options.target", Lands, &["services.chest.build.options.target"]),
    field("services.*.build.options.workdir", Lands, &["services.chest.build.options.workdir"]),
    field("services.*.build.options.probe_with", Refused, &["services.chest.build.options.probe_with"]),
    field("services.*.build.packages.build[]", Lands, &["services.api.build.packages.build[0]"]),
    field("services.*.build.packages.run[]", Lands, &["services.api.build.packages.run[0]"]),
    field("services.*.build.user.name", Lands, &["services.api.build.user.name"]),
    field("services.*.build.args.{key}", Lands, &["services.blog.build.args.AARG.{key}"]),
    field("services.*.build.args.*", Lands, &["services.blog.build.args.AARG"]),
    field("services.*.build.secrets[]", Refused, &["services.blog.build.secrets[0]"]),
    field("services.*.build.audit[]", Refused, &["services.blog.build.audit[0]"]),
    field("services.*.build.sources[]", Lands, &["services.api.build.sources[0]"]),
    field("services.*.image", Lands, &["services.box.image"]),
    field("services.*.from", Refused, &["services.alone.from"]),
    field(
        "services.*.command[]",
        Lands,
        &["services.api.command[2]", "services.alone.command[2]", "services.box.command[0]"],
    ),
    field("services.*.ports.{key}", Vanishes, &["services.api.ports.binary.{key}"]),
    field("services.*.healthcheck.http", Lands, &["services.asset.healthcheck.http"]),
    field(
        "services.*.healthcheck.command[]",
        Lands,
        &["services.api.healthcheck.command[2]", "services.box.healthcheck.command[0]"],
    ),
    field("services.*.healthcheck.file.path", Lands, &["services.alone.healthcheck.file.path"]),
    field("services.*.healthcheck.file.max_age", Refused, &["services.alone.healthcheck.file.max_age"]),
    field("services.*.healthcheck.reaches", Refused, &["services.also.healthcheck.reaches"]),
    field("services.*.healthcheck.interval", Refused, &["services.api.healthcheck.interval"]),
    field("services.*.healthcheck.timeout", Refused, &["services.api.healthcheck.timeout"]),
    field("services.*.healthcheck.start_period", Refused, &["services.api.healthcheck.start_period"]),
    field("services.*.needs[]", Refused, &["services.blog.needs[0]"]),
    field("services.*.needs.{key}", Refused, &["services.api.needs.bank.{key}"]),
    field("services.*.needs.*.environment.{key}", Lands, &["services.api.needs.bank.environment.BANK_URL.{key}"]),
    field("services.*.needs.*.environment.*", Refused, &["services.api.needs.bank.environment.BANK_URL"]),
    field("services.*.environment.{key}", Lands, &["services.api.environment.AAA.{key}"]),
    field("services.*.environment.*", Lands, &["services.api.environment.AAA"]),
    field("services.*.variables[]", Refused, &["services.api.variables[0]"]),
    field("services.*.secrets[]", Refused, &["services.blog.secrets[0]"]),
    field("services.*.secrets.{key}", Refused, &["services.api.secrets.ATOKEN.{key}"]),
    field("services.*.secrets.*.environment", Lands, &["services.api.secrets.ATOKEN.environment"]),
    field("services.*.migrate.command[]", Lands, &["services.api.migrate.command[2]"]),
    field("services.*.test.command[]", Lands, &["services.api.test.command[2]"]),
    field("services.*.migrate.timeout", Refused, &["services.api.migrate.timeout"]),
    field("services.*.resources.limits.memory", Refused, &["services.api.resources.limits.memory"]),
    field("services.*.resources.reservations.memory", Refused, &["services.api.resources.reservations.memory"]),
    field("services.*.writable.{key}", Lands, &["services.api.writable./data/up.{key}"]),
    field("services.*.writable.*.volume", Lands, &["services.api.writable./data/up.volume", "volumes.auploads.{key}"]),
    field("services.*.writable.*.tmpfs", Refused, &["services.api.writable./scratch.tmpfs"]),
    field("services.*.publish.{key}", Refused, &["services.api.publish.main.{key}"]),
    field("services.*.publish.*.reason", Vanishes, &["services.api.publish.main.reason"]),
    field("backings.*.publish.{key}", Refused, &["backings.bank.publish.main.{key}"]),
    field("backings.*.publish.*.reason", Vanishes, &["backings.bank.publish.main.reason"]),
    field("environments.*.debug.{key}", Refused, &["environments.alpha.debug.api.{key}"]),
    field("services.*.networks[]", Refused, &["services.api.networks[0]"]),
    field("services.*.logging.max_size", Refused, &["services.api.logging.max_size"]),
    field("services.*.logging.driver", Refused, &["services.api.logging.driver"]),
    field("services.*.logging.labels[]", Lands, &["services.api.logging.labels[0]"]),
    field("services.*.logging.options.{key}", Refused, &["services.api.logging.options.tag.{key}"]),
    field("services.*.logging.options.*", Lands, &["services.api.logging.options.tag"]),
    field("services.*.stop_grace_period", Refused, &["services.api.stop_grace_period"]),
    field("services.*.exceptions[].rule", Refused, &["services.api.exceptions[0].rule"]),
    field("services.*.exceptions[].reason", Vanishes, &["services.api.exceptions[0].reason"]),
    field("services.*.companions.{key}", Refused, &["services.bakery.companions.web.{key}"]),
    field(
        "services.*.companions.*.resources.limits.memory",
        Refused,
        &["services.bakery.companions.web.resources.limits.memory"],
    ),
    field(
        "services.*.companions.*.resources.reservations.memory",
        Refused,
        &["services.bakery.companions.web.resources.reservations.memory"],
    ),
    field("services.*.companions.*.exceptions[].rule", Refused, &["services.bakery.companions.web.exceptions[0].rule"]),
    field(
        "services.*.companions.*.exceptions[].reason",
        Vanishes,
        &["services.bakery.companions.web.exceptions[0].reason"],
    ),
    field("backings.{key}", Lands, &["backings.cache.{key}"]),
    field("backings.*.kind", Refused, &["backings.bank.kind"]),
    field("backings.*.version", Refused, &["backings.bank.version"]),
    field("backings.*.use", Refused, &["backings.cache.use"]),
    field("backings.*.database", Lands, &["backings.bank.database"]),
    field("backings.*.user", Lands, &["backings.bank.user"]),
    field("backings.*.resources.limits.memory", Refused, &["backings.bank.resources.limits.memory"]),
    field("backings.*.resources.reservations.memory", Refused, &["backings.bank.resources.reservations.memory"]),
    field("backings.*.logging.max_size", Refused, &["backings.bank.logging.max_size"]),
    field("backings.*.logging.driver", Refused, &["backings.bank.logging.driver"]),
    field("backings.*.logging.labels[]", Lands, &["backings.bank.logging.labels[0]"]),
    field("backings.*.logging.options.{key}", Refused, &["backings.bank.logging.options.tag.{key}"]),
    field("backings.*.logging.options.*", Lands, &["backings.bank.logging.options.tag"]),
    field("backings.*.stop_grace_period", Refused, &["backings.bank.stop_grace_period"]),
    field("backings.*.exceptions[].rule", Refused, &["backings.bank.exceptions[0].rule"]),
    field("backings.*.exceptions[].reason", Vanishes, &["backings.bank.exceptions[0].reason"]),
    field("secrets.{key}", Lands, &["secrets.ATOKEN.{key}", "services.api.secrets.ATOKEN.{key}"]),
    field("secrets.*.supplied", Lands, &["secrets.ATOKEN.supplied"]),
    field("secrets.*.generate.alphabet", Refused, &["secrets.ABC.generate.alphabet"]),
    field("secrets.*.external.name", Lands, &["secrets.AKEPT.external.name"]),
    field("secrets.*.vault.path", Lands, &["secrets.AVAULTED.vault.path"]),
    field("secrets.*.vault.key", Lands, &["secrets.AVAULTED.vault.key"]),
    field("secrets.*.sops.file", Lands, &["secrets.ASOPPED.sops.file"]),
    field("secrets.*.sops.key[]", Lands, &["secrets.ASOPPED.sops.key[0]"]),
    field("secrets.*.age.file", Lands, &["secrets.AGED.age.file"]),
    field("secrets.*.format", Refused, &["secrets.ASOPPED.format"]),
    field("variables.{key}", Lands, &["variables.ADDRESS.{key}", "services.api.variables[0]"]),
    field("variables.*.type", Refused, &["variables.ADDRESS.type"]),
    field("variables.*.values[]", Vanishes, &["variables.ALEVEL.values[0]"]),
    field("variables.*.min", Refused, &["variables.AMOUNT.min"]),
    field("variables.*.max", Refused, &["variables.AMOUNT.max"]),
    field("variables.*.group", Vanishes, &["variables.BADDRESS.group"]),
    field("variables.*.default", Lands, &["variables.ADDRESS.default"]),
    field("variables.*.description", Lands, &["variables.ADDRESS.description", "variables.BADDRESS.description"]),
    field("gateway.version", Refused, &["gateway.version"]),
    field(
        "gateway.hosts.{key}",
        Lands,
        &[
            "gateway.hosts.amain.{key}",
            "gateway.routes[0].host",
            "gateway.routes[1].host",
            "gateway.routes[2].host",
            "gateway.routes[3].host",
            "gateway.routes[4].host",
            "gateway.routes[5].host",
        ],
    ),
    field("gateway.hosts.*.domain", Lands, &["gateway.hosts.amain.domain"]),
    field("gateway.hosts.*.aliases[]", Lands, &["gateway.hosts.amain.aliases[0]"]),
    field("gateway.tls.mode", Refused, &["gateway.tls.mode"]),
    field("gateway.tls.profile", Refused, &["gateway.tls.profile"]),
    field("gateway.tls.hsts.max_age", Refused, &["gateway.tls.hsts.max_age"]),
    field("gateway.tls.email", Refused, &["gateway.tls.email"]),
    field("gateway.tls.directory", Refused, &["gateway.tls.directory"]),
    field("gateway.tls.ca", Lands, &["gateway.tls.ca"]),
    field("gateway.headers.csp.policy.{key}", Refused, &["gateway.headers.csp.policy.script-src.{key}"]),
    field("gateway.headers.csp.policy.*[]", Refused, &["gateway.headers.csp.policy.script-src[0]"]),
    field("gateway.headers.csp.report_uri", Lands, &["gateway.headers.csp.report_uri"]),
    field("gateway.headers.referrer_policy", Refused, &["gateway.headers.referrer_policy"]),
    field("gateway.headers.permissions_policy.{key}", Lands, &["gateway.headers.permissions_policy.camera.{key}"]),
    field("gateway.headers.permissions_policy.*[]", Refused, &["gateway.headers.permissions_policy.camera[0]"]),
    field("gateway.headers.frame_options", Refused, &["gateway.headers.frame_options"]),
    field("gateway.headers.cross_origin_opener_policy", Refused, &["gateway.headers.cross_origin_opener_policy"]),
    field("gateway.headers.cross_origin_resource_policy", Refused, &["gateway.headers.cross_origin_resource_policy"]),
    field("gateway.headers.cross_origin_embedder_policy", Refused, &["gateway.headers.cross_origin_embedder_policy"]),
    field("gateway.headers.extra.{key}", Lands, &["gateway.headers.extra.X-Robots-Tag.{key}"]),
    field("gateway.headers.extra.*", Lands, &["gateway.headers.extra.X-Robots-Tag"]),
    field("gateway.filter.methods[]", Refused, &["gateway.filter.methods[0]"]),
    field("gateway.client.header_timeout", Refused, &["gateway.client.header_timeout"]),
    field("gateway.client.body_timeout", Refused, &["gateway.client.body_timeout"]),
    field("gateway.client.send_timeout", Refused, &["gateway.client.send_timeout"]),
    field("gateway.client.keepalive", Refused, &["gateway.client.keepalive"]),
    field("gateway.client.max_header_size", Refused, &["gateway.client.max_header_size"]),
    field("gateway.ports.host_ip", Refused, &["gateway.ports.host_ip"]),
    field("gateway.limits.{key}", Lands, &["gateway.limits.alimit.{key}", "gateway.routes[0].limit"]),
    field("gateway.limits.*.rate", Refused, &["gateway.limits.alimit.rate"]),
    field("gateway.routes[].host", Refused, &["gateway.routes[0].host"]),
    field("gateway.routes[].path", Lands, &["gateway.routes[0].path"]),
    field("gateway.routes[].to", Refused, &["gateway.routes[0].to"]),
    field("gateway.routes[].limit", Refused, &["gateway.routes[0].limit"]),
    field("services.*.private.paths[]", Lands, &["services.api.private.paths[0]"]),
    field("services.*.private.allow[]", Refused, &["services.api.private.allow[0]"]),
    field("gateway.routes[].port", Refused, &["gateway.routes[1].port"]),
    field("gateway.routes[].timeouts.connect", Refused, &["gateway.routes[1].timeouts.connect"]),
    field("gateway.routes[].timeouts.read", Refused, &["gateway.routes[1].timeouts.read"]),
    field("gateway.routes[].timeouts.send", Refused, &["gateway.routes[1].timeouts.send"]),
    field("gateway.routes[].upload.max_size", Refused, &["gateway.routes[0].upload.max_size"]),
    field("gateway.routes[].cache.for", Refused, &["gateway.routes[1].cache.for"]),
    field("gateway.routes[].canary.to", Refused, &["gateway.routes[1].canary.to"]),
    field("gateway.routes[].cors.origins[]", Refused, &["gateway.routes[1].cors.origins[0]"]),
    field("gateway.routes[].cors.methods[]", Refused, &["gateway.routes[1].cors.methods[0]"]),
    field("gateway.routes[].cors.headers[]", Lands, &["gateway.routes[1].cors.headers[0]"]),
    field("gateway.routes[].cors.expose[]", Lands, &["gateway.routes[1].cors.expose[0]"]),
    field("gateway.routes[].cors.max_age", Refused, &["gateway.routes[1].cors.max_age"]),
    field("gateway.routes[].allow[]", Refused, &["gateway.routes[1].allow[0]"]),
    field("gateway.routes[].login.users", Refused, &["gateway.routes[2].login.users"]),
    field("gateway.routes[].login.realm", Lands, &["gateway.routes[2].login.realm"]),
    field("gateway.routes[].redirect.to", Lands, &["gateway.routes[3].redirect.to"]),
    field("gateway.routes[].files.folder", Lands, &["gateway.routes[5].files.folder"]),
    field("gateway.routes[].files.max_age", Refused, &["gateway.routes[5].files.max_age"]),
    field("gateway.upstreams.{key}", Refused, &["gateway.upstreams.api.{key}"]),
    field("gateway.upstreams.*.balance", Refused, &["gateway.upstreams.api.balance"]),
    field("gateway.upstreams.*.fail_timeout", Refused, &["gateway.upstreams.api.fail_timeout"]),
    field("gateway.upstreams.*.retries.on[]", Refused, &["gateway.upstreams.api.retries.on[0]"]),
    field("gateway.upstreams.*.retries.timeout", Refused, &["gateway.upstreams.api.retries.timeout"]),
    field("gateway.pages.folder", Lands, &["gateway.pages.folder"]),
    field("gateway.pages.errors.{key}", Refused, &["gateway.pages.errors.404.{key}"]),
    field("gateway.pages.errors.*", Lands, &["gateway.pages.errors.404"]),
    field("gateway.maintenance.retry_after", Refused, &["gateway.maintenance.retry_after"]),
    field("gateway.maintenance.allow[]", Refused, &["gateway.maintenance.allow[0]"]),
    field("gateway.cache_size", Refused, &["gateway.cache_size"]),
    field("gateway.image", Lands, &["gateway.image"]),
    field("gateway.trusted_proxies[]", Refused, &["gateway.trusted_proxies[0]"]),
    field("gateway.max_body_size", Refused, &["gateway.max_body_size"]),
    field("gateway.resources.limits.memory", Refused, &["gateway.resources.limits.memory"]),
    field("gateway.resources.reservations.memory", Refused, &["gateway.resources.reservations.memory"]),
    field("gateway.logging.max_size", Refused, &["gateway.logging.max_size"]),
    field("gateway.logging.driver", Refused, &["gateway.logging.driver"]),
    field("gateway.logging.labels[]", Lands, &["gateway.logging.labels[0]"]),
    field("gateway.logging.options.{key}", Refused, &["gateway.logging.options.tag.{key}"]),
    field("gateway.logging.options.*", Lands, &["gateway.logging.options.tag"]),
    field("gateway.stop_grace_period", Refused, &["gateway.stop_grace_period"]),
    field("gateway.exceptions[].rule", Refused, &["gateway.exceptions[0].rule"]),
    field("gateway.exceptions[].reason", Vanishes, &["gateway.exceptions[0].reason"]),
    field("networks.{key}", Lands, &["networks.abroad.{key}", "services.api.networks[0]"]),
    field("networks.*.subnet", Refused, &["networks.bank.subnet"]),
    field("networks.*.gateway", Refused, &["networks.bank.gateway"]),
    field("networks.*.name", Lands, &["networks.abroad.name"]),
    field("networks.*.options.{key}", Refused, &["networks.bank.options.com~docker~network~driver~mtu.{key}"]),
    field("networks.*.options.*", Refused, &["networks.bank.options.com~docker~network~driver~mtu"]),
    field("networks.*.labels.{key}", Lands, &["networks.bank.labels.alabel.{key}"]),
    field("networks.*.labels.*", Lands, &["networks.bank.labels.alabel"]),
    field("volumes.{key}", Lands, &["volumes.auploads.{key}", "services.api.writable./data/up.volume"]),
    field("volumes.*.driver", Lands, &["volumes.auploads.driver"]),
    field("volumes.*.options.{key}", Refused, &["volumes.auploads.options.o.{key}"]),
    field("volumes.*.options.*", Lands, &["volumes.auploads.options.o"]),
    field("volumes.*.labels.{key}", Lands, &["volumes.auploads.labels.alabel.{key}"]),
    field("volumes.*.labels.*", Lands, &["volumes.auploads.labels.alabel"]),
    field("volumes.*.name", Lands, &["volumes.afar.name"]),
    field("volumes.*.exceptions[].rule", Refused, &["volumes.auploads.exceptions[0].rule"]),
    field("volumes.*.exceptions[].reason", Vanishes, &["volumes.auploads.exceptions[0].reason"]),
    field("layout.compose.{key}", Refused, &["layout.compose.{key}"]),
    field("layout.compose.*.file", Lands, &["layout.compose.alpha.file"]),
    field("layout.dockerfile", Lands, &["layout.dockerfile"]),
    field("layout.nginx", Lands, &["layout.nginx"]),
    field("layout.scripts", Lands, &["layout.scripts"]),
    field("environments.{key}", Lands, &["environments.beta.{key}", "ci.deploy.beta.{key}"]),
    field("ci.provider", Refused, &["ci.provider"]),
    field("ci.branch", Lands, &["ci.branch"]),
    field("ci.runner", Lands, &["ci.runner"]),
    field("ci.login.ecr.role", Lands, &["ci.login.ecr.role"]),
    field("ci.login.gar.identity_provider", Lands, &["ci.login.gar.identity_provider"]),
    field("ci.login.gar.service_account", Lands, &["ci.login.gar.service_account"]),
    field("ci.login.acr.client", Refused, &["ci.login.acr.client"]),
    field("ci.login.acr.tenant", Refused, &["ci.login.acr.tenant"]),
    field("ci.login.acr.subscription", Refused, &["ci.login.acr.subscription"]),
    field("ci.login.token.username", Lands, &["ci.login.token.username"]),
    field("ci.login.token.secret", Lands, &["ci.login.token.secret"]),
    field("ci.scan.severity", Refused, &["ci.scan.severity"]),
    field("ci.audit.snyk.secret", Lands, &["ci.audit.snyk.secret"]),
    field("ci.audit.safety.secret", Lands, &["ci.audit.safety.secret"]),
    field("ci.schedule.rebuild", Refused, &["ci.schedule.rebuild"]),
    field("ci.schedule.lock", Refused, &["ci.schedule.lock"]),
    field("ci.deploy.{key}", Refused, &["ci.deploy.beta.{key}"]),
    field("ci.deploy.*.command[]", Lands, &["ci.deploy.beta.command[1]"]),
    field("ci.deploy.*.secrets[]", Lands, &["ci.deploy.beta.secrets[0]"]),
    field("ci.deploy.*.runner", Lands, &["ci.deploy.beta.runner"]),
    field("ci.updates", Refused, &["ci.updates"]),
    field("ci.bot.app.client", Lands, &["ci.bot.app.client"]),
    field("ci.bot.app.key", Lands, &["ci.bot.app.key"]),
    field("ci.bot.token.secret", Lands, &["ci.bot.token.secret"]),
    field("ci.forge.revision", Refused, &["ci.forge.revision"]),
];
