//! Small trees that show one thing each: what is said of them is read like a report.

use std::fmt::Write as _;
use std::sync::OnceLock;

use snapbox::{assert_data_eq, str};

use super::spec::{Draft, Written};
use super::{Fact, Found, Tree, detect};
use crate::catalog::{Catalog, Common, Detection, Rule};

/// What forge recognises.
fn known() -> &'static Detection {
    static KNOWN: OnceLock<Detection> = OnceLock::new();
    KNOWN.get_or_init(|| Detection::new(&[]).unwrap_or_else(|broken| panic!("{broken:?}")))
}

/// What belongs to no stack, as it comes with forge.
pub(super) fn common() -> &'static Common {
    &known().common
}

fn found(files: &[(&str, &str)]) -> Found {
    let text = |path: &str| files.iter().find(|(it, _)| *it == path).map(|(_, text)| (*text).to_owned());
    detect(&Tree::new(files.iter().map(|(path, _)| (*path).to_owned()), &text), known())
}

/// The spec of what was found.
fn written(files: &[(&str, &str)]) -> Written {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    let catalog = CATALOG.get_or_init(|| Catalog::new(&[]).unwrap_or_else(|broken| panic!("{broken:?}")));
    let found = found(files);
    Draft { found: &found, catalog, known: known(), name: "app".to_owned(), domain: None, layout: None }.write()
}

/// What was found, a line for each service and backing.
fn said(files: &[(&str, &str)]) -> String {
    let found = found(files);
    let mut out = String::new();
    let value = |it: &Option<Fact<String>>| it.as_ref().map_or("-".to_owned(), |it| it.value.clone());
    for it in &found.services {
        let options: Vec<String> = it.options.iter().map(|(name, it)| format!("{name}={}", it.value)).collect();
        let _ = writeln!(
            out,
            "{} in {} of {}: {} {}",
            it.name.value,
            it.path,
            it.context,
            it.stack.value,
            options.join(" ")
        );
        let port = it.port.as_ref().map_or("-".to_owned(), |it| it.value.to_string());
        let start = it.start.as_ref().map_or("-".to_owned(), |it| it.value.text.clone());
        let _ = writeln!(out, "  {} on {port}, version {}, start {start}", value(&it.role), value(&it.version));
        let more = [("health", &it.health), ("migrate", &it.migrate)];
        for (what, fact) in more.into_iter().filter_map(|(what, it)| Some((what, it.as_ref()?))) {
            let _ = writeln!(out, "  {what} {}", fact.value);
        }
        for (name, need) in &it.needs {
            let given: Vec<String> = need.environment.iter().map(|(name, it)| format!("{name}={it}")).collect();
            let _ = writeln!(out, "  needs {name} {}", given.join(" "));
        }
        if let Some(from) = &it.from {
            let _ = writeln!(out, "  from {from}");
        }
        for also in &it.also {
            let _ = writeln!(out, "  also {}", also.value);
        }
    }
    for it in &found.backings {
        let optional = if it.optional { ", which it can do without" } else { "" };
        let _ = writeln!(out, "{}: {}{optional}", it.name, it.kind.value);
    }
    out
}

#[test]
fn every_pattern_compiles() {
    fn of(rule: &Rule, out: &mut Vec<String>) {
        out.extend(
            [
                &rule.pattern,
                &rule.code,
                &rule.beside,
                &rule.start,
                &rule.variable,
                &rule.member,
                &rule.program,
                &rule.version,
            ]
            .into_iter()
            .flatten()
            .cloned(),
        );
        rule.all.iter().chain(&rule.unless).for_each(|it| of(it, out));
    }
    let known = known();
    let common = &known.common;
    let mut patterns: Vec<String> = [
        &common.wrappers,
        &common.needless_flags,
        &common.hosts,
        &common.sure_hosts,
        &common.tools,
        &common.development,
        &common.migrations,
        &common.embedded,
        &common.health,
        &common.no_routes,
        &common.mounts,
        &common.own_routes,
        &common.listens,
        &common.files,
        &common.numbers,
        &common.runners,
        &common.entrypoints,
        &common.reads,
        &common.ports,
        &common.system,
        &common.build_packages,
        &common.needless_packages,
    ]
    .into_iter()
    .flatten()
    .cloned()
    .collect();
    patterns
        .extend(common.dockerfiles.iter().chain(&common.development_dockerfiles).chain(&common.local_values).cloned());
    let supervisors = common.supervisors.iter().flat_map(|it| std::iter::once(&it.command).chain(&it.lists));
    patterns.extend(supervisors.cloned());
    patterns.extend(common.generated.keys().chain(common.production.keys()).cloned());
    for it in known.stacks.values() {
        let groups =
            [&it.options, &it.exceptions, &it.environment, &it.system.build, &it.system.run, &it.workers, &it.lists];
        let lists = [
            &it.only,
            &it.members,
            &it.programs,
            &it.serves,
            &it.notes,
            &it.open,
            &it.kept,
            &it.version,
            &it.start,
            &it.development,
            &it.role,
            &it.port,
            &it.health,
            &it.migrate,
            &it.paths,
            &it.writable,
            &it.committed,
            &it.for_developers,
        ];
        let rules = groups.into_iter().flat_map(|it| it.values()).chain(lists).flatten();
        rules.chain(&it.scripts).for_each(|it| of(it, &mut patterns));
        patterns.extend(it.absent.iter().cloned());
        patterns.extend(it.images.iter().cloned().chain(it.packages.iter().filter_map(|it| it.pattern.clone())));
    }
    for it in known.backings.values() {
        patterns.extend(it.chosen.iter().chain(&it.variables).chain(it.outputs.values().flatten()).cloned());
    }
    assert!(patterns.len() > 300, "{}", patterns.len());
    for pattern in patterns {
        regex::Regex::new(&pattern).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn poetry_and_fastapi() {
    assert_data_eq!(
        said(&[
            (
                "pyproject.toml",
                "[tool.poetry]\nname = \"shop\"\n[tool.poetry.dependencies]\npython = \">=3.12,<3.14\"\nfastapi = \"^0.110\"\nasyncpg = \"*\"\nredis = \"*\"\n"
            ),
            ("poetry.lock", ""),
            ("alembic.ini", "[alembic]\n"),
            (
                "shop/main.py",
                "import os\nfrom fastapi import FastAPI\napi = FastAPI()\nurl = os.environ[\"DATABASE_URL\"]\ncache = os.getenv(\"REDIS_URL\")\n@api.get(\"/healthz\")\ndef health(): ...\n"
            ),
            (".env.example", "DATABASE_URL=postgresql://localhost/shop\nREDIS_URL=redis://localhost\n"),
        ]),
        str![[r#"
web in . of .: python package_manager=poetry framework=fastapi app=shop.main:api extra_requirements=uvicorn==0.54.0
  web on -, version >=3.12,<3.14, start -
  health /healthz
  needs cache REDIS_URL=url
  needs db DATABASE_URL=url
cache: redis
db: postgres

"#]]
    );
}

#[test]
fn pipenv_and_celery_beside_a_web_process() {
    assert_data_eq!(
        said(&[
            (
                "Pipfile",
                "[packages]\nflask = \"*\"\ncelery = \"*\"\nredis = \"*\"\ngunicorn = \"*\"\n[requires]\npython_version = \"3.12\"\n"
            ),
            ("Pipfile.lock", "{}"),
            (
                "Procfile",
                "release: flask db upgrade\nweb: pipenv run gunicorn -b 0.0.0.0:$PORT wsgi:app\nworker: celery -A tasks worker\n"
            ),
            ("wsgi.py", "from flask import Flask\napp = Flask(__name__)\n"),
            (
                "tasks.py",
                "import os\nfrom celery import Celery\nqueue = Celery(broker=os.environ[\"CELERY_BROKER_URL\"])\n"
            ),
        ]),
        str![[r#"
web in . of .: python package_manager=pipenv framework=flask app=wsgi:app
  web on -, version 3.12, start gunicorn -b 0.0.0.0:$PORT wsgi:app
  migrate flask db upgrade
  needs cache CELERY_BROKER_URL=url
worker in . of .: python package_manager=pipenv framework=flask app=wsgi:app
  worker on -, version 3.12, start celery -A tasks worker
  from web
cache: redis

"#]]
    );
}

#[test]
fn a_pnpm_workspace_with_a_library() {
    assert_data_eq!(
        said(&[
            (
                "package.json",
                "{\"private\": true, \"packageManager\": \"pnpm@10.1.0\", \"scripts\": {\"dev\": \"turbo dev\"}}"
            ),
            ("pnpm-workspace.yaml", "packages:\n  - apps/*\n  - packages/*\n"),
            ("pnpm-lock.yaml", ""),
            (".nvmrc", "24\n"),
            (
                "apps/api/package.json",
                "{\"name\": \"@shop/api\", \"scripts\": {\"build\": \"tsc\", \"start\": \"node dist/main.js\"}, \"dependencies\": {\"fastify\": \"5\", \"pg\": \"8\"}}"
            ),
            (
                "apps/api/src/main.ts",
                "import Fastify from 'fastify';\nconst app = Fastify();\napp.get('/health', () => 'ok');\napp.listen({ port: Number(process.env.PORT ?? 4000) });\nconst url = process.env.DATABASE_URL;\n"
            ),
            (
                "apps/web/package.json",
                "{\"name\": \"@shop/web\", \"scripts\": {\"dev\": \"vite\", \"build\": \"vite build\"}, \"devDependencies\": {\"vite\": \"7\"}, \"dependencies\": {\"vue\": \"3\"}}"
            ),
            ("apps/web/index.html", "<div id=app></div>"),
            ("packages/ui/package.json", "{\"name\": \"@shop/ui\", \"main\": \"index.js\"}"),
        ]),
        str![[r#"
api in apps/api of .: node package_manager=pnpm framework=fastify main=dist/main.js build_script=build directory=apps/api package_manager_version=10.1.0
  web on 4000, version 24, start node dist/main.js
  health /health
  needs db DATABASE_URL=url
web in apps/web of .: spa package_manager=pnpm framework=vite-vue output=dist build_script=build directory=apps/web package_manager_version=10.1.0
  static on -, version 24, start -
db: postgres

"#]]
    );
}

#[test]
fn nestjs_with_typeorm() {
    assert_data_eq!(
        said(&[
            (
                "package.json",
                "{\"name\": \"api\", \"scripts\": {\"build\": \"nest build\", \"start\": \"nest start\", \"start:dev\": \"nest start --watch\", \"start:prod\": \"node dist/main\"}, \"dependencies\": {\"@nestjs/core\": \"11\", \"@nestjs/platform-express\": \"11\", \"mysql2\": \"3\"}, \"engines\": {\"node\": \"^22.0.0\"}}"
            ),
            ("package-lock.json", "{}"),
            (
                "src/main.ts",
                "const app = await NestFactory.create(AppModule);\nawait app.listen(process.env.PORT || 3001);\n"
            ),
            (
                "src/app.module.ts",
                "TypeOrmModule.forRoot({ type: 'mysql', host: process.env.DB_HOST, password: process.env.DB_PASSWORD })\n"
            ),
        ]),
        str![[r#"
web in . of .: node package_manager=npm framework=nestjs main=dist/main build_script=build
  web on 3001, version ^22.0.0, start node dist/main
  needs db DB_HOST=host DB_PASSWORD=password
db: mysql

"#]]
    );
}

#[test]
fn nuxt_and_astro() {
    assert_data_eq!(
        said(&[
            (
                "package.json",
                "{\"scripts\": {\"build\": \"nuxt build\", \"dev\": \"nuxt dev\"}, \"devDependencies\": {\"nuxt\": \"4\"}}"
            ),
            ("yarn.lock", ""),
            ("nuxt.config.ts", "export default {}"),
        ]) + &said(&[
            (
                "package.json",
                "{\"scripts\": {\"build\": \"astro build\", \"start\": \"astro dev\"}, \"dependencies\": {\"astro\": \"5\"}}"
            ),
            ("package-lock.json", "{}"),
        ]) + &said(&[
            (
                "package.json",
                "{\"scripts\": {\"build\": \"astro build\"}, \"dependencies\": {\"astro\": \"5\", \"@astrojs/node\": \"9\"}}"
            ),
            ("package-lock.json", "{}"),
        ]),
        str![[r#"
web in . of .: node package_manager=yarn framework=nuxt build_script=build
  web on -, version -, start node .output/server/index.mjs
web in . of .: spa package_manager=npm framework=astro output=dist build_script=build
  static on -, version -, start -
web in . of .: node package_manager=npm framework=astro main=dist/server/entry.mjs build_script=build
  web on -, version -, start node ./dist/server/entry.mjs

"#]]
    );
}

#[test]
fn bun_serves() {
    assert_data_eq!(
        said(&[
            ("package.json", "{\"name\": \"x\", \"dependencies\": {\"hono\": \"4\"}}"),
            ("bun.lock", "{}"),
            (
                "index.ts",
                "import { Hono } from 'hono';\nconst app = new Hono();\nBun.serve({ port: 3456, fetch: app.fetch });\n"
            ),
        ]),
        str![[r#"
web in . of .: node package_manager=bun runtime=bun framework=hono main=index.ts
  web on 3456, version -, start bun index.ts

"#]]
    );
}

#[test]
fn go_with_a_server_and_a_tool() {
    assert_data_eq!(
        said(&[
            (
                "go.mod",
                "module example.com/shop\n\ngo 1.25\n\nrequire (\n\tgithub.com/go-chi/chi/v5 v5.2.0\n\tgithub.com/jackc/pgx/v5 v5.7.0\n\tgithub.com/jackc/puddle/v2 v2.2.0 // indirect\n)\n"
            ),
            ("go.sum", ""),
            (
                "cmd/shopd/main.go",
                "package main\n\nimport \"github.com/go-chi/chi/v5\"\n\nfunc main() {\n\thttp.ListenAndServe(\":8081\", chi.NewRouter())\n}\n"
            ),
            ("cmd/seed/main.go", "package main\n\nfunc main() { println(\"seed\") }\n"),
            ("internal/db/db.go", "package db\n\nvar url = os.Getenv(\"DATABASE_URL\")\n"),
        ]),
        str![[r#"
shopd in . of .: go package_manager=modules framework=chi main=./cmd/shopd
  web on 8081, version >=1.25, start ./app
  needs db DATABASE_URL=url
db: postgres

"#]]
    );
}

#[test]
fn a_cargo_workspace() {
    assert_data_eq!(
        said(&[
            ("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\n"),
            ("Cargo.lock", ""),
            ("rust-toolchain.toml", "[toolchain]\nchannel = \"1.89\"\n"),
            ("crates/core/Cargo.toml", "[package]\nname = \"shop-core\"\n"),
            ("crates/core/src/lib.rs", "pub fn x() {}"),
            (
                "crates/server/Cargo.toml",
                "[package]\nname = \"shop-server\"\n[[bin]]\nname = \"shopd\"\n[dependencies]\naxum = \"0.8\"\nsqlx = { version = \"0.8\", features = [\"postgres\"] }\n"
            ),
            (
                "crates/server/src/main.rs",
                "let at = TcpListener::bind(\"0.0.0.0:3005\");\nlet url = std::env::var(\"DATABASE_URL\");\nconst DEFAULT: &str = \"postgres://localhost/shop\";\n"
            ),
        ]),
        str![[r#"
server in crates/server of .: rust package_manager=cargo framework=axum package=shop-server binary=shopd
  web on 3005, version 1.89, start ./shopd
  needs db DATABASE_URL=url
db: postgres

"#]]
    );
}

#[test]
fn gradle_modules() {
    assert_data_eq!(
        said(&[
            ("settings.gradle.kts", "rootProject.name = \"shop\"\ninclude(\"api\", \"common\")\n"),
            ("build.gradle.kts", "plugins { java }\n"),
            (
                "api/build.gradle.kts",
                "plugins {\n    id(\"org.springframework.boot\") version \"3.5.0\"\n}\ndependencies {\n    implementation(\"org.springframework.boot:spring-boot-starter-web\")\n    implementation(\"org.springframework.boot:spring-boot-starter-actuator\")\n    runtimeOnly(\"org.postgresql:postgresql\")\n}\njava { toolchain { languageVersion = JavaLanguageVersion.of(21) } }\n"
            ),
            ("api/src/main/java/App.java", "class App {}"),
            (
                "api/src/main/resources/application.yml",
                "spring:\n  datasource:\n    url: jdbc:postgresql://localhost/shop\nserver:\n  port: 8085\n"
            ),
            ("common/build.gradle.kts", "plugins { `java-library` }\n"),
            ("common/src/main/java/Util.java", "class Util {}"),
        ]),
        str![[r#"
api in api of .: java package_manager=gradle framework=spring-boot wrapper=false module=api
  web on 8085, version 21, start java -jar app.jar
  health /actuator/health
  needs db SPRING_DATASOURCE_URL=jdbc:postgresql://{host}:{port}/{database} SPRING_DATASOURCE_USERNAME=user SPRING_DATASOURCE_PASSWORD=password
db: postgres

"#]]
    );
}

#[test]
fn symfony_with_messenger() {
    assert_data_eq!(
        said(&[
            (
                "composer.json",
                "{\"require\": {\"php\": \">=8.3\", \"symfony/framework-bundle\": \"^7\", \"symfony/messenger\": \"^7\", \"doctrine/doctrine-migrations-bundle\": \"^3\"}}"
            ),
            ("composer.lock", "{}"),
            ("bin/console", "#!/usr/bin/env php\n"),
            ("public/index.php", "<?php\n"),
            (
                "config/packages/messenger.yaml",
                "framework:\n  messenger:\n    transports:\n      async: '%env(MESSENGER_TRANSPORT_DSN)%'\n"
            ),
            (".env", "APP_SECRET=\nDATABASE_URL=\"postgresql://app:!ChangeMe!@127.0.0.1:5432/app\"\n"),
        ]),
        str![[r#"
web in . of .: php package_manager=composer framework=symfony public=public extensions=pdo_pgsql
  web on -, version >=8.3, start -
  migrate php bin/console doctrine:migrations:migrate --no-interaction --allow-no-migration
  needs db DATABASE_URL=url
messenger in . of .: php package_manager=composer framework=symfony public=public extensions=pdo_pgsql
  worker on -, version >=8.3, start php bin/console messenger:consume async --time-limit=3600
  from web
db: postgres

"#]]
    );
}

#[test]
fn sinatra() {
    assert_data_eq!(
        said(&[
            ("Gemfile", "source 'x'\ngem 'sinatra'\ngem 'puma'\ngem 'redis'\ngroup :development do\n  gem 'pg'\nend\n"),
            ("Gemfile.lock", ""),
            (".ruby-version", "3.4.1\n"),
            ("config.ru", "require './app'\nrun App\n"),
            (
                "app.rb",
                "class App < Sinatra::Base\n  set :redis, Redis.new(url: ENV.fetch('REDIS_URL'))\n  get('/up') { 'ok' }\nend\n"
            ),
        ]),
        str![[r#"
web in . of .: ruby package_manager=bundler framework=sinatra
  web on 9292, version 3.4.1, start puma
  health /up
  needs cache REDIS_URL=url
cache: redis

"#]]
    );
}

#[test]
fn a_dotnet_solution() {
    assert_data_eq!(
        said(&[
            ("Shop.sln", "Project(\"{X}\") = \"Shop.Api\", \"src\\Shop.Api\\Shop.Api.csproj\", \"{Y}\"\n"),
            (
                "src/Shop.Api/Shop.Api.csproj",
                "<Project Sdk=\"Microsoft.NET.Sdk.Web\"><PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup><ItemGroup><PackageReference Include=\"Npgsql.EntityFrameworkCore.PostgreSQL\" Version=\"10.0.0\" /></ItemGroup></Project>"
            ),
            ("src/Shop.Api/Program.cs", "app.MapHealthChecks(\"/healthz\");\n"),
            (
                "src/Shop.Core/Shop.Core.csproj",
                "<Project Sdk=\"Microsoft.NET.Sdk\"><PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup></Project>"
            ),
            (
                "tests/Shop.Tests/Shop.Tests.csproj",
                "<Project Sdk=\"Microsoft.NET.Sdk\"><PropertyGroup><IsTestProject>true</IsTestProject></PropertyGroup></Project>"
            ),
        ]),
        str![[r#"
shop-api in src/Shop.Api of .: dotnet package_manager=nuget framework=aspnetcore project=src/Shop.Api/Shop.Api.csproj
  web on 8080, version 10.0, start dotnet Shop.Api.dll
  health /healthz
  needs db 
db: postgres

"#]]
    );
}

#[test]
fn a_compose_file_alone() {
    assert_data_eq!(
        said(&[(
            "compose.yaml",
            "services:\n  app:\n    image: acme/app:1\n    depends_on: [db]\n  db:\n    image: postgres:17\n"
        )]),
        str![[r#"
db: postgres

"#]]
    );
}

#[test]
fn a_dockerfile_alone() {
    assert_data_eq!(
        said(&[
            ("Dockerfile", "FROM nimlang/nim:2.2.4\nRUN nimble install\nEXPOSE 4000\nCMD [\"nimble\", \"run\"]\n"),
            ("shop.nimble", "requires \"nim >= 2.0\""),
            (
                "compose.yaml",
                "services:\n  web:\n    build: .\n    ports: ['4000:4000']\n    depends_on: [db]\n    environment: { DATABASE_URL: 'postgres://u:p@db/x' }\n  db: { image: 'postgres:18' }\n"
            ),
        ]),
        str![[r#"
web in . of .: custom dockerfile=Dockerfile probe_with=bash uid=10001 gid=10001
  web on 4000, version -, start nimble run
  needs db DATABASE_URL=url
db: postgres

"#]]
    );
}

#[test]
fn a_dependency_does_not_make_a_server() {
    assert_data_eq!(
        said(&[
            ("requirements.txt", "flask\nrequests\npsycopg2-binary==2.9\n"),
            ("main.py", "import requests\nprint(requests.get('https://example.com'))\n"),
        ]),
        str![[r#"
app in . of .: python package_manager=pip
  script on -, version -, start python main.py
  needs db 
db: postgres

"#]]
    );
}

#[test]
fn comments_are_no_evidence() {
    let found = found(&[
        ("requirements.txt", "fastapi\n# psycopg2\n"),
        ("main.py", "from fastapi import FastAPI\n# app = FastAPI()\napi = FastAPI()\n# url = 'postgres://x'\n"),
    ]);
    assert_eq!(found.services[0].options["app"].value, "main:api");
    assert_eq!(found.services[0].options["app"].evidence[0].to_string(), "main.py:3");
    assert_eq!(found.backings, []);
}

#[test]
fn values_of_secrets_are_never_told() {
    let found = found(&[
        ("package.json", "{\"scripts\": {\"start\": \"node server.js\"}, \"dependencies\": {\"express\": \"5\"}}"),
        (
            "server.js",
            "const app = express();\napp.listen(process.env.PORT || 3000);\nuse(process.env.API_TOKEN, process.env.UPSTREAM, process.env.LOG_LEVEL, process.env.PIN);\n",
        ),
        (
            ".env",
            "API_TOKEN=s3cr3t-abcdefgh1234\nUPSTREAM=https://me:hunter2secret@example.com\nLOG_LEVEL=debug\nPIN=4711\n",
        ),
        (".env.example", "API_TOKEN=\nLOG_LEVEL=info\n"),
        ("Dockerfile", "FROM node:24\nENV API_TOKEN=s3cr3t-abcdefgh1234\nCMD [\"node\", \"server.js\"]\n"),
    ]);
    let text = serde_json::to_string(&found).expect("it is plain data");
    assert!(!text.contains("s3cr3t") && !text.contains("hunter2"), "{text}");
    assert!(found.services[0].variables["API_TOKEN"].value.secret);
    assert_eq!(found.services[0].variables["LOG_LEVEL"].value.value.as_deref(), Some("info"));
    // `.env` is one person's: what it holds is nobody else's business.
    assert_eq!(found.services[0].variables["PIN"].value.value.as_deref(), None);
}

#[test]
fn fields_of_settings_are_variables() {
    let found = found(&[
        ("requirements.txt", "fastapi\nuvicorn\npydantic-settings\nasyncpg\n"),
        (
            "main.py",
            "app = FastAPI()\nclass Settings(BaseSettings):\n    model_config = SettingsConfigDict(env_file=\".env\")\n    database_url: str\n    secret_key: str = Field(min_length=8)\n    page_size: int = 20\n    debug: bool = False\n    name: str | None = None\n    token: str = Field(..., alias=\"API_TOKEN\")\n\n    @property\n    def x(self) -> str: ...\n\nlater: int = 3\n",
        ),
    ]);
    let service = &found.services[0];
    assert_eq!(service.needs["db"].environment["DATABASE_URL"], "url");
    assert!(service.variables["SECRET_KEY"].value.secret && service.variables["API_TOKEN"].value.secret);
    assert!(service.variables["PAGE_SIZE"].value.number && service.variables["PAGE_SIZE"].value.optional);
    assert_eq!(service.variables["PAGE_SIZE"].value.value.as_deref(), Some("20"));
    let names: Vec<&str> = service.variables.keys().map(String::as_str).collect();
    assert_eq!(names, ["API_TOKEN", "DATABASE_URL", "DEBUG", "NAME", "PAGE_SIZE", "SECRET_KEY"]);
}

#[test]
fn what_a_program_reads_as_a_number_is_one() {
    let found = found(&[
        ("requirements.txt", "flask\n"),
        (
            "app.py",
            "import os\napp = Flask(__name__)\nsize = int(os.environ[\"PAGE_SIZE\"])\nname = os.environ[\"NAME\"]\n",
        ),
    ]);
    let variables = &found.services[0].variables;
    assert!(variables["PAGE_SIZE"].value.number && variables["PAGE_SIZE"].value.required);
    assert!(!variables["NAME"].value.number);
}

#[test]
fn a_script_that_calls_itself_ends() {
    let again = ["npm start"; 10].join(" && ");
    let package = format!("{{\"scripts\": {{\"start\": \"{again}\"}}, \"dependencies\": {{\"express\": \"5\"}}}}");
    let found = found(&[("package.json", &package), ("server.js", "express().listen(3000)\n")]);
    assert_eq!(found.services.len(), 1);
}

#[test]
fn a_path_of_their_image_is_one_of_ours_and_a_file_is_no_route() {
    let found = found(&[
        ("requirements.txt", "flask\n"),
        ("app.py", "app = Flask(__name__)\nALIVE = '/tmp/alive'\n@app.get('/ping')\ndef ping(): ...\n"),
        ("Dockerfile", "FROM python:3.13\nWORKDIR /code\nVOLUME /code /code/media /data\nCMD flask run\n"),
    ]);
    let volumes: Vec<&str> = found.services[0].volumes.iter().map(|it| it.value.as_str()).collect();
    assert_eq!(volumes, ["media", "/data"]);
    assert_eq!(found.services[0].health.as_ref().map(|it| it.value.as_str()), Some("/ping"));
}

#[test]
fn django_runs_with_its_settings_for_production() {
    let files = [
        ("manage.py", "os.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"config.settings.dev\")\n"),
        ("requirements/base.txt", "django\ncelery[redis]\npsycopg[binary]\n"),
        ("requirements/production.txt", "-r base.txt\ngunicorn\n"),
        ("config/wsgi.py", "application = get_wsgi_application()\n"),
        ("config/celery.py", "app = Celery(\"shop\")\n"),
        (
            "config/urls.py",
            "urlpatterns = [\n    path(\"admin/\", admin.site.urls),\n    path(\"healthz/\", health),\n    path(\"api/\", include(\"orders.urls\")),\n]\n",
        ),
        ("config/settings/base.py", "MEDIA_ROOT = BASE_DIR / \"media\"\nSTATIC_ROOT = BASE_DIR / \"static\"\n"),
        (
            "config/settings/dev.py",
            "DATABASES = {\"default\": {\"ENGINE\": \"django.db.backends.sqlite3\", \"NAME\": BASE_DIR / \"db.sqlite3\"}}\n",
        ),
        ("config/settings/production.py", "DATABASES = {\"default\": env.db(\"DATABASE_URL\")}\n"),
        (
            "docker-compose.yml",
            "services:\n  web:\n    build: .\n    environment: { DJANGO_SETTINGS_MODULE: config.settings.dev, DATABASE_URL: 'postgres://a:b@db/x' }\n    ports: ['8000:8000']\n    depends_on: [db, redis]\n  beat:\n    build: .\n    command: celery -A config beat\n  db: { image: 'postgres:17' }\n  redis: { image: 'redis:8' }\n  mailhog: { image: mailhog/mailhog }\n  adminer: { image: adminer }\n",
        ),
        ("Dockerfile", "FROM python:3.8\nCMD python manage.py runserver 0.0.0.0:8000\n"),
    ];
    let found = found(&files);
    let notes: Vec<String> = found.notes.iter().map(ToString::to_string).collect();
    let web = &found.services[0];
    let settings = &web.variables["DJANGO_SETTINGS_MODULE"].value;
    assert_eq!(settings.value.as_deref(), Some("config.settings.production"));
    assert_eq!(web.data, [], "the file is what developers have");
    assert_eq!(web.volumes.iter().map(|it| it.value.as_str()).collect::<Vec<_>>(), ["media"]);
    assert_data_eq!(
        said(&files) + &notes.join("\n"),
        str![[r#"
web in . of .: python package_manager=pip framework=django app=config.wsgi:application requirements=requirements/production.txt collectstatic=false
  web on 8000, version 3.8, start -
  health /healthz/
  migrate python manage.py migrate --noinput
  needs redis 
  needs db DATABASE_URL=url
beat in . of .: python package_manager=pip framework=django app=config.wsgi:application requirements=requirements/production.txt collectstatic=false
  worker on -, version 3.8, start celery -A config beat --schedule /tmp/celerybeat-schedule
  from web
worker in . of .: python package_manager=pip framework=django app=config.wsgi:application requirements=requirements/production.txt collectstatic=false
  worker on -, version 3.8, start celery -A config.celery worker --loglevel=info
  from web
redis: redis
db: postgres
docker-compose.yml:12 (`mailhog` runs mailhog/mailhog: nothing here shows who calls it; for one that does: forge add backing mailhog --kind mailpit --for NAME)
docker-compose.yml:13 (`adminer` runs adminer: left out, it shows data to people, and is for developers: `environments: { development: … }` can have it as `image:`)
"#]]
    );
}

#[test]
fn a_factory_makes_the_application() {
    assert_data_eq!(
        said(&[
            ("pyproject.toml", "[project]\nname = \"mailer\"\ndependencies = [\"fastapi\", \"uvicorn\"]\n"),
            ("uv.lock", ""),
            (
                "src/mailer/api.py",
                "from fastapi import FastAPI\ndef create_app() -> FastAPI:\n    app = FastAPI()\n    return app\n"
            ),
        ]) + &said(&[
            ("requirements.txt", "pika\n"),
            ("worker.py", "import os, pika\nurl = os.environ[\"AMQP_URL\"]\nchannel.start_consuming()\n"),
        ]),
        str![[r#"
web in . of .: python package_manager=uv framework=fastapi app=mailer.api:create_app()
  web on -, version -, start -
worker in . of .: python package_manager=pip
  worker on -, version -, start python worker.py
  needs queue AMQP_URL=url
queue: rabbitmq

"#]]
    );
}

#[test]
fn dockerfiles_in_places_of_their_own_are_built_as_they_are() {
    let files = [
        (
            "docker/api.Dockerfile",
            "FROM haskell:9 AS build\nRUN ghc Main.hs\nFROM debian:13-slim\nRUN useradd --uid 1001 app\nWORKDIR /srv\nUSER app\nEXPOSE 3000\nCMD [\"./main\"]\n",
        ),
        ("docker/dev.Dockerfile", "FROM haskell:9\n"),
        ("api/Main.hs", "main = pure ()"),
        (
            "compose.yaml",
            "services:\n  api:\n    build: { context: ., dockerfile: docker/api.Dockerfile }\n    environment: { DB_HOST: db }\n    depends_on: [db]\n  jobs:\n    build: { context: ., dockerfile: docker/api.Dockerfile }\n    command: ./main jobs\n  db: { image: 'postgres:17' }\n  store: { image: minio/minio }\n  proxy: { image: 'traefik:v3' }\n",
        ),
    ];
    let notes: Vec<String> = found(&files).notes.iter().map(ToString::to_string).collect();
    let alone = [("docker/Dockerfile.api", "FROM nim:2-alpine\nEXPOSE 5000\nCMD [\"./app\"]\n"), ("src/a.nim", "")];
    assert_data_eq!(
        said(&files) + &notes.join("\n") + "\n" + &said(&alone),
        str![[r#"
api in . of .: custom dockerfile=docker/api.Dockerfile probe_with=bash workdir=/srv uid=1001 gid=1001
  web on 3000, version -, start ./main
  needs db DB_HOST=host
jobs in . of .: custom dockerfile=docker/api.Dockerfile probe_with=bash workdir=/srv uid=1001 gid=1001
  worker on -, version -, start ./main jobs
  from api
db: postgres
compose.yaml:10 (`store` runs minio/minio: nothing here shows who calls it; for one that does: forge add backing store --kind minio --for NAME)
compose.yaml:11 (`proxy` runs traefik:v3: left out, the gateway takes its place)
api in . of .: custom dockerfile=docker/Dockerfile.api probe_with=wget uid=10001 gid=10001
  web on 5000, version -, start ./app

"#]]
    );
}

#[test]
fn what_a_compose_file_mounts_into_an_image_is_a_program() {
    let files = [
        (
            "index.php",
            "<?php $db = new PDO('mysql:host=' . getenv('DB_HOST'), getenv('DB_USER'), getenv('DB_PASSWORD'));\n",
        ),
        ("contact.php", "<?php\n"),
        (
            "docker-compose.yml",
            "services:\n  www:\n    image: php:7.4-apache\n    volumes: ['./:/var/www/html']\n    ports: ['80:80']\n  sql: { image: 'mariadb:11.8' }\n",
        ),
    ];
    assert_data_eq!(
        said(&files),
        str![[r#"
www in . of .: php package_manager=none public=. scripts=true extensions=pdo_mysql
  web on 80, version 7.4, start -
  needs sql DB_HOST=host DB_PASSWORD=password DB_USER=user
sql: mariadb

"#]]
    );
}

#[test]
fn spring_and_symfony_keep_what_their_files_say() {
    let spring = [
        (
            "pom.xml",
            "<project><parent><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-parent</artifactId></parent><dependencies><dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-web</artifactId></dependency><dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-actuator</artifactId></dependency></dependencies></project>",
        ),
        ("src/main/java/App.java", "class App {}"),
        ("src/main/resources/application.properties", "server.port=8085\nserver.servlet.context-path=/orders\n"),
        ("src/main/resources/application-prod.properties", "a=b\n"),
    ];
    let symfony = [
        (
            "composer.json",
            "{\"require\": {\"php\": \"^7.4 || ^8.2\", \"symfony/framework-bundle\": \"7\", \"doctrine/orm\": \"3\"}}",
        ),
        ("bin/console", ""),
        ("public/index.php", "<?php"),
        ("config/packages/messenger.yaml", "async: '%env(MESSENGER_TRANSPORT_DSN)%'"),
        (".env", "APP_SECRET=x\nMESSENGER_TRANSPORT_DSN=doctrine://default?auto_setup=0\n"),
    ];
    let profile = &found(&spring).services[0].variables["SPRING_PROFILES_ACTIVE"].value;
    assert_eq!(profile.value.as_deref(), Some("prod"));
    let transport = &found(&symfony).services[0].variables["MESSENGER_TRANSPORT_DSN"].value;
    assert_eq!(transport.value.as_deref(), Some("doctrine://default?auto_setup=0"));
    assert_data_eq!(
        said(&spring) + &said(&symfony),
        str![[r#"
web in . of .: java package_manager=maven framework=spring-boot wrapper=false
  web on 8085, version -, start java -jar app.jar
  health /orders/actuator/health
web in . of .: php package_manager=composer framework=symfony public=public
  web on -, version ^7.4 || ^8.2, start -

"#]]
    );
}

#[test]
fn nothing_is_found_in_nothing() {
    assert_eq!(said(&[]), "");
    assert_eq!(said(&[("README.md", "# hi"), ("notes.txt", "x"), ("x/Cargo.toml", "[[[")]), "");
}

/// What somebody has to mend, a line each.
fn left_open(files: &[(&str, &str)]) -> String {
    found(files).open.iter().map(|it| format!("{it}\n")).collect()
}

/// A program of Express with this start command.
fn express(scripts: &str, dependencies: &str, more: &[(&'static str, &'static str)]) -> Found {
    let manifest = format!("{{\"scripts\": {{{scripts}}}, \"dependencies\": {{\"express\": \"4\"}}, {dependencies}}}");
    let code = "const app = express();\napp.listen(process.env.PORT || 3000);\n";
    let mut files = vec![("package.json", manifest.as_str()), ("src/index.ts", code)];
    files.extend(more);
    found(&files)
}

#[test]
fn what_node_is_told_before_its_file_stays() {
    for (start, kept) in [
        ("node server.js", false),
        ("node -r dotenv/config server.js", true),
        ("node --import ./instrument.mjs server.js", true),
        ("NODE_OPTIONS='--require ./trace.js' node server.js", true),
        ("NODE_OPTIONS=--max-old-space-size=4096 node server.js", false),
        ("node server.js --cluster", true),
        ("node .", true),
        ("cd dist && node server.js", true),
        ("nest start", false),
        ("fastify start app.js", true),
    ] {
        let found = express(&format!("\"start\": \"{start}\""), "\"name\": \"x\"", &[]);
        let it = found.services[0].start.as_ref().expect("it is started");
        assert_eq!(it.value.kept, Some(kept), "{start}: {:?}", it.value);
    }
}

#[test]
fn what_compiles_while_it_starts_is_compiled_by_the_build_or_comes_along() {
    let option = |found: &Found, name: &str| found.services[0].options.get(name).map(|it| it.value.clone());
    let dev = "\"devDependencies\": {\"tsx\": \"4\", \"typescript\": \"5\"}";
    let settings = ("tsconfig.json", "{\"compilerOptions\": {\"outDir\": \"./build/\", /* a */ },}");
    let start = "\"start\": \"tsx src/index.ts\"";
    let built = express(&format!("{start}, \"build\": \"tsc\""), dev, &[settings]);
    assert_eq!(option(&built, "main").as_deref(), Some("build/index.js"));
    assert_eq!(option(&built, "dev_dependencies"), None);
    let unbuilt = express(start, dev, &[]);
    assert_eq!((option(&unbuilt, "main"), option(&unbuilt, "dev_dependencies").as_deref()), (None, Some("true")));
    let shipped = express(start, "\"optionalDependencies\": {\"tsx\": \"4\"}", &[settings]);
    assert_eq!((option(&shipped, "main"), option(&shipped, "dev_dependencies")), (None, None));
    let unsaid = express("\"build\": \"tsc\"", dev, &[settings]);
    assert_eq!(option(&unsaid, "main").as_deref(), Some("build/index.js"));
}

#[test]
fn what_cannot_start_or_be_reached_is_left_open() {
    let fastify = "{\"scripts\": {\"start\": \"node a.js\"}, \"dependencies\": {\"fastify\": \"5\"}}";
    let express = "{\"scripts\": {\"start\": \"run-s build serve\"}, \"dependencies\": {\"express\": \"5\"}}";
    let unsaid = "{\"dependencies\": {\"express\": \"5\"}}";
    let code = |text: &'static str| ("a.js", text);
    for (manifest, code, expected) in [
        (fastify, code("const app = Fastify();\napp.listen({ port: Number(process.env.PORT ?? 3000) })"), "a.js:2"),
        (fastify, code("const app = Fastify();\napp.listen({ port: 3000, host: '0.0.0.0' })"), ""),
        (fastify, code("const app = Fastify();\napp.listen({ port, host: process.env.HOST ?? '127.0.0.1' })"), ""),
        (fastify, code("const app = Fastify();\napp.listen({ port: 3000, host: 'localhost' })"), "a.js:2"),
        (express, code("const app = express();\napp.listen(3000, '0.0.0.0')"), "package.json:1"),
        (
            unsaid,
            code("const app = express();\nconst host = '127.0.0.1';\napp.listen(3000, host)"),
            "web: nothing|a.js:2",
        ),
        ("{", code("const app = express();\napp.listen(3000)"), "app: nothing|package.json:1"),
    ] {
        let said = left_open(&[("package.json", manifest), code]);
        let begins: Vec<&str> = expected.split('|').filter(|it| !it.is_empty()).collect();
        assert_eq!(said.lines().count(), begins.len(), "{code:?}: {said}");
        said.lines().zip(begins).for_each(|(line, begin)| assert!(line.starts_with(begin), "{line}"));
    }
}

#[test]
fn what_a_command_sets_is_kept_without_passwords() {
    let procfile =
        "web: LEVEL=debug DB_PASSWORD=hunter2 node a.js\nworker: cd jobs && QUEUE=high API_TOKEN=hunter2 node b.js\n";
    let manifest = "{\"dependencies\": {\"express\": \"5\"}}";
    let files = [
        ("package.json", manifest),
        ("Procfile", procfile),
        ("a.js", "express().listen(3000)"),
        ("jobs/b.js", "console.log(process.env.QUEUE)"),
    ];
    let text = written(&files).text;
    assert!(!text.contains("hunter2"), "{text}");
    assert!(text.contains("LEVEL: debug"), "{text}");
    assert!(text.contains("command: [sh, -c, \"cd jobs && exec node b.js\"]"), "{text}");
    assert!(text.contains("QUEUE: high"), "{text}");
    let shown = serde_json::to_string(&found(&files)).expect("plain data");
    assert!(shown.contains("node b.js") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn what_a_supervisor_or_framework_is_told_is_not_lost_silently() {
    let files = |start: &str, package: &str| {
        let manifest =
            format!("{{\"scripts\": {{\"start\": \"{start}\"}}, \"dependencies\": {{\"{package}\": \"5\"}}}}");
        let list = "module.exports = { apps: [{ script: 'npm', args: 'run serve' }] }";
        found(&[("package.json", &manifest), ("ecosystem.config.js", list), ("a.js", "express().listen(3000)")])
    };
    let told = |them: &[super::Evidence], what: &str| them.iter().any(|it| it.to_string().contains(what));
    let supervised = files("pm2-runtime start ecosystem.config.js", "express");
    assert!(told(&supervised.open, "`pm2-runtime start ecosystem.config.js` is how"), "{:?}", supervised.open);
    assert!(supervised.services[0].start.as_ref().is_none_or(|it| it.value.words.is_empty()));
    let traced =
        |start: &str| told(&files(start, "next").notes, "NODE_OPTIONS has `--require ./tracing.js` for `next start`");
    assert!(traced("NODE_OPTIONS='--require ./tracing.js --max-old-space-size=4096' next start"));
    assert!(!traced("NODE_OPTIONS=--max-old-space-size=4096 next start"));
}

#[test]
fn no_path_goes_to_two() {
    let page = "{\"scripts\": {\"build\": \"vite build\"}, \"devDependencies\": {\"vite\": \"5\"}}";
    let urls = "urlpatterns = [\n    path('admin/', admin.site.urls),\n    path('shop/', include('shop.urls')),\n]\n";
    let text = written(&[
        ("web/package.json", page),
        ("web/index.html", "<p>"),
        ("admin/package.json", page),
        ("admin/index.html", "<p>"),
        ("api/requirements.txt", "django==5.2\ngunicorn\n"),
        ("api/manage.py", "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'core.settings')\n"),
        ("api/core/settings.py", "WSGI_APPLICATION = 'core.wsgi.application'\n"),
        ("api/core/urls.py", urls),
        ("api/core/wsgi.py", "application = get_wsgi_application()\n"),
        ("api/shop/urls.py", "urlpatterns = [\n    path('inner/', include('shop.inner')),\n]\n"),
    ])
    .text;
    assert_eq!(text.matches("path: /admin/").count(), 1, "{text}");
    assert!(text.contains("path: /shop/") && !text.contains("path: /inner/"), "{text}");
}

#[test]
fn only_what_says_so_is_an_address_to_listen_on() {
    for (code, is_one) in [
        ("process.env.HOST", true),
        ("process.env.BIND_ADDRESS", true),
        ("process.env.ADDRESS", false),
        ("process.env.SERVER_HOST", false),
        ("process.env.SERVER_HOST || 'localhost'", true),
        ("process.env.ADDRESS || '0x52908400098527886E0F'", false),
    ] {
        let code = format!("const a = {code};\nexpress().listen(3000, a)\n");
        let manifest = "{\"scripts\": {\"start\": \"node a.js\"}, \"dependencies\": {\"express\": \"5\"}}";
        let text = written(&[("package.json", manifest), ("a.js", &code)]).text;
        assert_eq!(text.contains(": \"0.0.0.0\""), is_one, "{code}{text}");
    }
}

#[test]
fn a_file_that_only_ends_like_a_manifest_is_none() {
    let files = [("package.json", "{\"scripts\": {\"start\": \"node a.js\"}}"), ("a.js", ""), ("my-package.json", "{")];
    assert_eq!(left_open(&files), "");
    let broken = left_open(&[("package.json", "{ // a\n}"), ("a.js", "express().listen(3000)")]);
    assert!(broken.contains("no JSON") && broken.contains("mend it, or remove it"), "{broken}");
}

#[test]
fn a_member_says_which_others_are_built_before_it() {
    let root = ("package.json", "{\"workspaces\": [\"apps/*\", \"packages/*\"]}");
    let api = (
        "apps/api/package.json",
        "{\"name\": \"api\", \"scripts\": {\"build\": \"tsc\", \"start\": \"node a.js\"}, \"dependencies\": {\"@x/db\": \"*\", \"express\": \"4\"}}",
    );
    let code = ("apps/api/a.js", "express().listen(3000)");
    let db = (
        "packages/db/package.json",
        "{\"name\": \"@x/db\", \"scripts\": {\"build\": \"tsc\"}, \"dependencies\": {\"@x/words\": \"*\", \"@x/plain\": \"*\"}}",
    );
    let words = ("packages/words/package.json", "{\"name\": \"@x/words\", \"scripts\": {\"build\": \"tsc\"}}");
    let plain = ("packages/plain/package.json", "{\"name\": \"@x/plain\", \"dependencies\": {\"@x/db\": \"*\"}}");
    let files = [root, api, code, db, words, plain];
    let npm = found(&files);
    assert_eq!(npm.services[0].options["builds"].value, "packages/words packages/db");
    let pnpm = found(&[&files[..], &[("pnpm-lock.yaml", "")]].concat());
    assert!(!pnpm.services[0].options.contains_key("builds"));
}

#[test]
fn a_page_that_a_server_of_files_ships_is_a_page() {
    let manifest = "{\"scripts\": {\"build\": \"vite build\"}, \"dependencies\": {\"react\": \"18\"}, \"devDependencies\": {\"vite\": \"5\"}}";
    for command in ["CMD [\"serve\", \"-s\", \"dist\"]", "CMD nginx -g 'daemon off;'", "CMD npx vite preview --host"] {
        let dockerfile = format!("FROM node:24\nEXPOSE 3000\n{command}\n");
        let found = found(&[("package.json", manifest), ("index.html", "<p>"), ("Dockerfile", &dockerfile)]);
        assert_eq!(found.services[0].stack.value, "spa", "{command}");
    }
}

#[test]
fn lock_files_side_by_side_are_told() {
    let found = found(&[
        ("package.json", "{\"scripts\": {\"start\": \"node a.js\"}}"),
        ("a.js", ""),
        ("package-lock.json", "{}"),
        ("yarn.lock", "# yarn lockfile v1\n\na@1:\n  version \"1.0.0\"\n"),
    ]);
    let said: Vec<String> = found.notes.iter().map(ToString::to_string).collect();
    assert!(
        said.iter().any(|it| it.contains("package-lock.json and yarn.lock lie side by side: yarn it is")),
        "{said:?}"
    );
    assert_eq!(found.services[0].options["package_manager_version"].value, "1.22.22");
}

/// The health route of a program of these files.
fn health(files: &[(&str, &str)]) -> Option<String> {
    found(files).services.first()?.health.as_ref().map(|it| it.value.clone())
}

#[test]
fn a_route_below_a_prefix_is_not_asked_for_without_it() {
    let node = |dependency: &str, code: &str| {
        let manifest = format!(
            "{{\"dependencies\": {{\"{dependency}\": \"^4.0.0\"}}, \"scripts\": {{\"start\": \"node server.js\"}}}}"
        );
        health(&[("package.json", &manifest), ("server.js", code)])
    };
    let python = |package: &str, code: &str| health(&[("requirements.txt", package), ("main.py", code)]);
    let fast = "from fastapi import APIRouter, FastAPI\napp = FastAPI()\n";
    let flask = "from flask import Blueprint, Flask\napp = Flask(__name__)\n";
    let route = "@router.get('/health')\ndef health(): ...\n";
    let own = Some("/health".to_owned());

    assert_eq!(
        python("fastapi\n", &format!("{fast}router = APIRouter(prefix='/api')\n{route}app.include_router(router)\n")),
        None
    );
    assert_eq!(
        python("fastapi\n", &format!("{fast}router = APIRouter()\n{route}app.include_router(router, prefix=API)\n")),
        None
    );
    assert_eq!(
        python(
            "fastapi\n",
            &format!("{fast}app.include_router(other, prefix='/api')\n@app.get('/health')\ndef health(): ...\n")
        ),
        own
    );
    assert_eq!(python("fastapi\n", &format!("{fast}router = APIRouter()\n{route}app.include_router(router)\n")), own);
    assert_eq!(
        python("flask\n", &format!("{flask}router = Blueprint('api', __name__, url_prefix='/api')\n{route}")),
        None
    );
    assert_eq!(
        python(
            "flask\n",
            &format!(
                "{flask}router = Blueprint('api', __name__)\n{route}app.register_blueprint(router, url_prefix='/api')\n"
            )
        ),
        None
    );
    let express = "const express = require('express');\nconst app = express();\nconst router = express.Router();\n";
    assert_eq!(
        node("express", &format!("{express}router.get('/health', ok);\napp.use('/api', router);\napp.listen(3000);\n")),
        None
    );
    assert_eq!(node("express", &format!("{express}app.get('/health', ok);\napp.listen(3000);\n")), own);
    assert_eq!(
        node(
            "fastify",
            "const fastify = require('fastify');\nconst app = fastify();\napp.register(async (it) => { it.get('/health', ok); }, { prefix: '/v1' });\napp.listen({ port: 3000 });\n"
        ),
        None
    );
    let rails = |routes: &str| {
        health(&[
            ("Gemfile", "gem 'rails'\ngem 'puma'\n"),
            ("config.ru", "run App\n"),
            ("config/application.rb", ""),
            ("config/routes.rb", routes),
        ])
    };
    assert_eq!(
        rails("Rails.application.routes.draw do\n  get \"up\", to: \"health#show\"\nend\n").as_deref(),
        Some("/up")
    );
    assert_eq!(
        rails(
            "Rails.application.routes.draw do\n  namespace :api do\n    get \"up\", to: \"health#show\"\n  end\nend\n"
        ),
        None
    );
    let go = |code: &str| health(&[("go.mod", "module shop\n\ngo 1.24\n"), ("main.go", code)]);
    let begin = "package main\nimport \"net/http\"\nfunc main() {\n";
    assert_eq!(
        go(&format!(
            "{begin}api := http.NewServeMux()\napi.HandleFunc(\"/health\", ok)\nhttp.Handle(\"/api/\", http.StripPrefix(\"/api\", api))\nhttp.ListenAndServe(\":8080\", nil)\n}}\n"
        )),
        None
    );
    assert_eq!(go(&format!("{begin}http.HandleFunc(\"/health\", ok)\nhttp.ListenAndServe(\":8080\", nil)\n}}\n")), own);
}

#[test]
fn the_urls_of_django_have_their_health_route_in_any_shape() {
    for urls in [
        "urlpatterns = [\n    path(\"\", views.index),\n    path(\"health/\", views.health),\n]\n",
        "urlpatterns = [path(\"admin/\", admin.site.urls), path(\"health/\", views.health)]\n",
        "urlpatterns = [path(\"health/\", views.health), path(\"shop/\", include(\"shop.urls\"))]\n",
    ] {
        let files = [("requirements.txt", "django==5.2\n"), ("manage.py", "import django\n"), ("config/urls.py", urls)];
        assert_eq!(health(&files).as_deref(), Some("/health/"), "{urls}");
    }
}

#[test]
fn a_database_by_the_default_of_a_variable_has_its_file() {
    let python = [
        ("requirements.txt", "flask\n"),
        ("app.py", "app = Flask(__name__)\ndb = sqlite3.connect(os.getenv(\"DB_PATH\", \"data/app.db\"))\n"),
    ];
    let node = [
        ("package.json", "{\"scripts\": {\"start\": \"node server.js\"}}"),
        ("server.js", "const db = new Database(process.env.DB_PATH || './data/app.db');\n"),
    ];
    for files in [python, node] {
        let found = found(&files);
        let data: Vec<&str> = found.services[0].data.iter().map(|it| it.value.as_str()).collect();
        assert_eq!(data, ["data/app.db"]);
    }
}

#[test]
fn go_says_what_it_listens_on_where_a_variable_is_empty() {
    for (code, name, address, port) in [
        (
            "addr := os.Getenv(\"LISTEN_ADDR\")\nif addr == \"\" {\n\taddr = \":9090\"\n}\n",
            "LISTEN_ADDR",
            ":9090",
            9090,
        ),
        ("addr := cmp.Or(os.Getenv(\"ADDR\"), \"localhost:8082\")\n", "ADDR", "localhost:8082", 8082),
    ] {
        let main =
            format!("package main\nimport \"net/http\"\nfunc main() {{\n{code}http.ListenAndServe(addr, nil)\n}}\n");
        let found = found(&[("go.mod", "module shop\n\ngo 1.24\n"), ("main.go", &main)]);
        let service = &found.services[0];
        assert_eq!(service.variables[name].value.value.as_deref(), Some(address));
        assert_eq!(service.port.as_ref().map(|it| it.value), Some(port), "{code}");
    }
}
