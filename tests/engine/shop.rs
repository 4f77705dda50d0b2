//! `examples/shop`: FastAPI, Express and static files before PostgreSQL and Redis, behind TLS; in production and in
//! development, from the first start to the last stop.

use std::collections::BTreeSet;
use std::fs;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::client::Client;
use super::container::Container;
use super::contract;
use super::proof::{Proof, command, contains, docker, end, ensure, fails, lacks, run, same, within};
use super::stack::{Compose, HOSTILE, Stack, examples, free_port};

/// What `scripts/secrets` makes.
const SECRETS: [&str; 5] = ["CACHE_PASSWORD", "DB_OWNER_PASSWORD", "DB_PASSWORD", "DB_READER_PASSWORD", "SECRET_KEY"];

const SERVICES: [&str; 6] = ["api", "cache", "db", "gateway", "site", "web"];

#[test]
fn a_shop_runs_as_forge_promises() {
    let Some(mut stack) = Stack::new("shop") else { return };
    let ports: [u16; 4] = std::array::from_fn(|_| free_port());
    let [http, https, development_http, development_https] = ports;
    stack.set("SHOP_HTTP", format!("127.0.0.1:{http}"));
    stack.set("SHOP_HTTPS", format!("127.0.0.1:{https}"));
    stack.set("SHOP_DEVELOPMENT_HTTP", development_http.to_string());
    stack.set("SHOP_DEVELOPMENT_HTTPS", development_https.to_string());
    stack.set("SUPPORT_EMAIL", "help@shop.example.com");
    stack.copy_authors_files(&examples().join("shop"));
    let shop = Shop {
        client: Client::new(
            Some(stack.beside("trusted.pem")),
            &[
                ("shop.example.com", http),
                ("shop.example.com", https),
                ("x.example", https),
                ("shop.localhost", development_https),
            ],
        ),
        production: stack.production(),
        http,
        https,
        url: format!("https://shop.example.com:{https}"),
        development_url: format!("https://shop.localhost:{development_https}"),
        stack,
    };
    shop.generate();
    shop.secrets();
    shop.images();
    shop.answers();
    shop.refuses();
    shop.limits();
    shop.containers();
    shop.networks();
    shop.health();
    shop.life();
    shop.change();
    shop.develop();
    shop.stack.say_how_many();
}

struct Shop {
    stack: Stack,
    production: Compose,
    client: Client,
    http: u16,
    https: u16,
    url: String,
    development_url: String,
}

impl Shop {
    fn generate(&self) {
        self.stack.prove("forge generate makes the shop of what its authors wrote", || {
            self.stack.forge(&["generate"]).map(drop)
        });
        fs::copy(self.stack.path(".env.example"), self.stack.path(".env")).expect("forge wrote .env.example");
    }

    // ---- secrets, images, start ----

    fn secrets(&self) {
        let stack = &self.stack;
        stack.prove(
            "scripts/secrets makes what can be made (0700, 0444), names the certificate and key to supply, exit 1",
            || {
                let ended = end(&mut stack.script(&["scripts/secrets"]));
                let said = ended.stdout + &ended.stderr;
                same(ended.code, Some(1))?;
                same(said.lines().filter(|it| it.starts_with("made")).count(), SECRETS.len())?;
                let missing: String = said.lines().filter(|it| it.starts_with("MISSING")).collect();
                contains(&missing, "shop.example.com.crt")?;
                contains(&missing, "shop.example.com.key")?;
                same(mode(stack, "secrets")?, 0o700)?;
                same(mode(stack, "secrets/DB_PASSWORD")?, 0o444)
            },
        );
        stack.do_or_fail("a certificate can be made", self.certificate("shop.example.com"));
        stack.prove("scripts/secrets again, with them supplied: exit 0, nothing changed", || {
            let before = self.made_secrets();
            run(&mut stack.script(&["scripts/secrets"]))?;
            same(self.made_secrets(), before)
        });
        stack.supply("secrets/DB_PASSWORD", HOSTILE);
        stack.supply("secrets/CACHE_PASSWORD", HOSTILE);
    }

    fn made_secrets(&self) -> [Proof<String>; SECRETS.len()] {
        SECRETS.map(|it| self.stack.read(&format!("secrets/{it}")))
    }

    /// A new one, as somebody would supply it: complete, and renamed into place.
    fn certificate(&self, domain: &str) -> Proof {
        let [key, certificate, trusted] = ["new.key", "new.crt", "trusted.pem"].map(|it| self.stack.beside(it));
        let request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
        let name = ["-subj", &format!("/CN={domain}"), "-addext", &format!("subjectAltName=DNS:{domain}")];
        run(command("openssl").args(request).args(name).arg("-keyout").arg(&key).arg("-out").arg(&certificate))?;
        run(command("chmod").arg("0444").args([&key, &certificate]))?;
        let text = fs::read_to_string(&certificate).expect("openssl wrote it");
        fs::write(&trusted, fs::read_to_string(&trusted).unwrap_or_default() + &text)
            .expect("a file in a temporary folder");
        run(command("mv").arg("-f").arg(&key).arg(self.stack.path(&format!("secrets/tls/{domain}.key"))))?;
        run(command("mv").arg("-f").arg(&certificate).arg(self.stack.path(&format!("secrets/tls/{domain}.crt"))))
            .map(drop)
    }

    fn images(&self) {
        let stack = &self.stack;
        stack.prove("without SUPPORT_EMAIL compose refuses, and says what it is", || {
            let config = self.production.with_variable("SUPPORT_EMAIL", "").run(&["config", "--quiet"]);
            contains(&config.expect_err("it is required"), "where customers write to")
        });
        for path in LEAKS {
            stack.write(path, "leak");
        }
        stack.do_or_fail("modes can be set", self.chmod("go="));
        stack.prove("built from a checkout made under umask 077", || self.production.run(&["build"]).map(drop));
        let tests = |service: &str| {
            let folder = stack.path(service);
            run(command("docker").args(["build", "--quiet", "--target", "test"]).arg(folder)).map(drop)
        };
        for (service, file, end) in [
            ("api", "api/tests/test_api.py", "raise SystemExit(1)"),
            ("web", "web/test/server.test.js", "process.exit(1)"),
        ] {
            stack.prove(format!("{service}: its tests pass in their stage"), || tests(service));
            stack.prove(format!("{service}: a test that fails fails the build of that stage"), || {
                let text = stack.read(file)?;
                stack.write(file, &format!("{text}\n{end}\n"));
                let outcome = tests(service);
                stack.write(file, &text);
                fails(outcome, "it was built")
            });
        }
        stack.prove(format!("booted, healthy; both passwords are {HOSTILE}"), || self.production.up(&[]));
        stack.prove("migrated once, before api, with exit status 0", || {
            let migration = self.production.container("api-migrate")?;
            same(migration.json["State"]["ExitCode"].as_i64(), Some(0))?;
            let ended = migration.json["State"]["FinishedAt"].as_str().unwrap_or("z").to_string();
            let api = self.production.container("api")?;
            ensure(ended.as_str() < api.json["State"]["StartedAt"].as_str().unwrap_or_default(), "api started before")
        });
        stack.prove("the images have OCI labels", || {
            for service in ["api", "site", "web"] {
                let labels = &self.production.container(service)?.json["Config"]["Labels"];
                same(labels["org.opencontainers.image.title"].as_str(), Some(format!("shop-{service}").as_str()))?;
                same(labels["org.opencontainers.image.version"].as_str(), Some(stack.version.as_str()))?;
            }
            Ok(())
        });
        stack.prove("the images have no key, .env, .git or node_modules of the checkout", || {
            let names = "-name 'leak*' -o -name .env -o -name .git -o -name .npmrc";
            for service in ["api", "site", "web"] {
                let found = self
                    .production
                    .container(service)?
                    .shell(&format!("find / -xdev \\( {names} \\) 2>/dev/null; true"))?;
                same(found.as_str(), "")?;
            }
            Ok(())
        });
        stack.prove("the images of api and web have no package manager and no compiler", || {
            contract::has_no_tools(&self.production.container("api")?)?;
            contract::has_no_tools(&self.production.container("web")?)
        });
    }

    fn chmod(&self, mode: &str) -> Proof {
        run(command("chmod").args(["-R", mode]).args(["api", "web", "site"].map(|it| self.stack.path(it)))).map(drop)
    }

    // ---- through the gateway ----

    fn answers(&self) {
        let Shop { stack, client, url, .. } = self;
        stack.prove("HTTPS, HTTP/2: the certificate that was supplied", || {
            same(client.ask(&[url])?.version.as_str(), "HTTP/2")
        });
        stack.prove("api writes to PostgreSQL and Redis", || self.creates("tea").and_then(|()| self.creates("<b>")));
        stack.prove("api reads from both", || self.has(&["tea", "<b>"], 2));
        stack.prove("api keeps a picture on its volume", || {
            let picture: Vec<u8> = (0..300_000_u32).map(|it| (it.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
            fs::write(stack.beside("picture"), &picture).expect("a file in a temporary folder");
            let file = stack.beside("picture").display().to_string();
            client.answers(204, &["--upload-file", &file, &format!("{url}/api/pictures/one")])?;
            ensure(client.ask(&[&format!("{url}/api/pictures/one")])?.body == picture, "the picture is another one")
        });
        stack.prove("web renders what it got from api, escaped, with the operator's variable", || {
            client.shows("<li>tea</li>\n<li>&#60;b&#62;</li>", &format!("{url}/shop/"))?;
            client.shows("Questions: help@shop.example.com", &format!("{url}/shop/"))
        });
        stack.prove("site serves its page", || client.shows("<h1>Shop</h1>", &format!("{url}/")));
        stack.prove("plain HTTP is led to HTTPS", || {
            self.leads(&format!("http://shop.example.com:{}/a?b=c", self.http), "https://shop.example.com/a?b=c")
        });
        stack.prove("api makes links with the name and port that its client used", || {
            let there = format!("//shop.example.com:{}/api/items", self.https);
            let answer = client.ask(&[&format!("{url}/api/items/")])?;
            contains(&answer.header("location").concat(), &there)
        });
        stack.prove("/shop is led to /shop/, without the container's port", || {
            self.leads(&format!("{url}/shop"), "/shop/")
        });
    }

    fn creates(&self, name: &str) -> Proof {
        let body = serde_json::json!({ "name": name }).to_string();
        self.client.answers(201, &["--json", &body, &format!("{}/api/items", self.url)])
    }

    fn has(&self, items: &[&str], created: u64) -> Proof {
        let response = self.client.ask(&[&format!("{}/api/items", self.url)])?;
        let stock: Value =
            serde_json::from_slice(&response.body).map_err(|error| format!("{error}: {}", response.text()))?;
        let names: Vec<&str> =
            stock["items"].as_array().into_iter().flatten().filter_map(|it| it["name"].as_str()).collect();
        same(names.as_slice(), items)?;
        same(stock["created"].as_u64(), Some(created))
    }

    fn leads(&self, from: &str, to: &str) -> Proof {
        let response = self.client.ask(&[from])?;
        ensure((300..400).contains(&response.status), format!("{response:?}"))?;
        same(response.header("location").as_slice(), &[to])
    }

    fn refuses(&self) {
        let Shop { stack, client, url, .. } = self;
        stack.prove("TLS 1.1 is refused", || {
            client.ends(35, &["--tls-max", "1.1", "--ciphers", "DEFAULT:@SECLEVEL=0", url])
        });
        stack.prove("unknown hosts: no answer over HTTP", || {
            client.ends(52, &[&format!("http://127.0.0.1:{}/", self.http)])
        });
        stack.prove("unknown hosts: no handshake over TLS", || {
            client.ends(35, &[&format!("https://127.0.0.1:{}/", self.https)])?;
            client.ends(35, &[&format!("https://x.example:{}/", self.https)])
        });
        stack.prove("a known host in the handshake and another in the request: 421", || {
            client.answers(421, &["--header", "Host: x.example", url])?;
            client.answers(421, &["--http1.1", "--header", "Host: x.example", url])
        });
        stack.prove("dotfiles are denied", || client.answers(404, &[&format!("{url}/.git/config")]));
        stack.prove("a body above the limit: 413", || {
            fs::write(stack.beside("large"), vec![0; 11_000_000]).expect("a file in a temporary folder");
            let file = stack.beside("large").display().to_string();
            client.answers(413, &["--upload-file", &file, &format!("{url}/api/pictures/large")])
        });
        stack.prove("a forged X-Forwarded-For does not reach api", || {
            client.answers(200, &["--header", "X-Forwarded-For: 192.0.2.66", &format!("{url}/api/items")])?;
            let logs = self.production.run(&["logs", "api"])?;
            contains(&logs, "/api/items")?;
            lacks(&logs, "192.0.2.66")
        });
        stack.prove("each security header once: 200", || self.has_headers("/", 200));
        stack.prove("each security header once: 404 of the gateway", || self.has_headers("/.env", 404));
        stack.prove("each security header once: 404 of an application", || self.has_headers("/api/none", 404));
        stack.do_or_fail("web can be stopped", self.production.run(&["stop", "web"]));
        stack.prove("each security header once: 502, when web is away", || {
            within(15, || self.has_headers("/shop/", 502))
        });
        stack.prove("… and the rest of the shop is still there", || {
            client.answers(200, &[&format!("{url}/api/items")])
        });
        stack.do_or_fail("web can be started", self.production.run(&["start", "web"]));
        stack.prove("… and web is found again", || within(15, || client.answers(200, &[&format!("{url}/shop/")])));
    }

    fn has_headers(&self, path: &str, status: u16) -> Proof {
        const HEADERS: [&str; 8] = [
            "content-security-policy",
            "cross-origin-opener-policy",
            "permissions-policy",
            "referrer-policy",
            "strict-transport-security",
            "x-content-type-options",
            "x-frame-options",
            "x-request-id",
        ];
        let response = self.client.ask(&[&format!("{}{path}", self.url)])?;
        same(response.status, status)?;
        for header in HEADERS {
            let found = response.header(header);
            ensure(found.len() == 1 && !found[0].is_empty(), format!("{header}: {found:?} in\n{response:?}"))?;
        }
        same(response.header("x-powered-by").len(), 0)?;
        ensure(!response.header("server").concat().contains('/'), format!("it tells its version:\n{response:?}"))
    }

    fn limits(&self) {
        let Shop { stack, client, url, .. } = self;
        stack.prove("one client gets few large bodies in at a time, and the rest of the shop is there for it", || {
            fs::write(stack.beside("slow"), vec![0; 500_000]).expect("a file in a temporary folder");
            let file = stack.beside("slow").display().to_string();
            let pictures = format!("{url}/api/pictures/slow[1-6]");
            let (slow, small) = thread::scope(|scope| {
                let upload = || client.statuses(&["--upload-file", &file, "--limit-rate", "100k", &pictures]);
                let slow = scope.spawn(upload);
                thread::sleep(Duration::from_secs(1));
                let small = client.answers(422, &["--json", "{}", &format!("{url}/api/items")]);
                (slow.join().expect("it does not panic"), small)
            });
            small?;
            let refused = slow?.into_iter().filter(|it| it == "429").count();
            ensure(refused == 2, format!("{refused} of 6 uploads were refused"))
        });
        stack.prove("a burst gets 429, and health answers meanwhile", || {
            let (burst, health) = thread::scope(|scope| {
                let burst = scope.spawn(|| client.statuses(&[&format!("{url}/api/items?[1-80]")]));
                let health = client.statuses(&[&format!("{url}/healthz?[1-20]")]);
                (burst.join().expect("it does not panic"), health)
            });
            let statuses: BTreeSet<String> = burst?.into_iter().collect();
            same(statuses, ["200", "429"].map(String::from).into())?;
            same(health?, vec!["200".to_string(); 20])
        });
        stack.prove("the access log is one JSON object a line", || {
            let log = self.production.container("gateway")?.output()?;
            let lines: Vec<&str> = log.lines().filter(|it| it.starts_with('{')).collect();
            contains(&log, "/api/items")?;
            for line in lines {
                let line: Value = serde_json::from_str(line).map_err(|error| format!("{error}: {line}"))?;
                ensure(line["status"].is_number(), format!("no status in {line}"))?;
            }
            Ok(())
        });
    }

    // ---- each container, and between them ----

    fn containers(&self) {
        let Shop { stack, production, .. } = self;
        stack.prove("there are two of api and one of each other service", || {
            let found: Vec<String> = production.containers()?.into_iter().map(|it| it.service).collect();
            same(found, ["api", "api", "api-migrate", "cache", "db", "gateway", "site", "web"].map(String::from).into())
        });
        let secret_key = stack.do_or_fail("SECRET_KEY is there", stack.read("secrets/SECRET_KEY"));
        contract::prove(stack, production, &[HOSTILE, &secret_key]);
        stack.prove("the code of api, web and site is not theirs to write", || {
            contract::code_is_not_writable(&production.container("api")?, &["/app", "/opt"], "/app/uploads")?;
            contract::code_is_not_writable(&production.container("web")?, &["/app"], "")?;
            contract::code_is_not_writable(&production.container("site")?, &["/srv"], "")
        });
        stack.prove("an init starts api and web, which make no good PID 1, and no other", || {
            let containers = production.containers()?;
            let with_init: BTreeSet<&str> = containers
                .iter()
                .filter(|it| it.json["HostConfig"]["Init"] == true)
                .map(|it| it.service.as_str())
                .collect();
            same(with_init, ["api", "api-migrate", "web"].into())
        });
    }

    fn networks(&self) {
        let Shop { stack, production, .. } = self;
        stack.prove("db: reached from api", || from_api(&production.container("api")?, "db", "5432"));
        stack.prove("db: not from web, which reaches api, neither by name nor by address", || {
            let web = production.container("web")?;
            from_web(&web, "api", "8000")?;
            fails(from_web(&web, "db", "5432"), "web reaches db")?;
            fails(from_web(&web, &self.address_of("db")?, "5432"), "web reaches db's address")
        });
        // By address its packets would go to the host, which has no way in: not tried, for they might leave the host.
        stack.prove("db: not from the gateway, which reaches api", || {
            let gateway = production.container("gateway")?;
            from_gateway(&gateway, "api:8000")?;
            fails(from_gateway(&gateway, "db:5432"), "the gateway reaches db")?;
            same(gateway.networks(&production.project), ["api", "gateway", "site", "web"].map(String::from).into())
        });
    }

    fn address_of(&self, service: &str) -> Proof<String> {
        let network = format!("{}_{service}", self.production.project);
        Ok(self.production.container(service)?.address(&network))
    }

    // ---- what happens in a life ----

    /// The probes as they are, but asked more often, and one api, so that all requests meet it.
    fn sickly(&self) -> Compose {
        let text = "services:
  api: { healthcheck: { interval: 2s, timeout: 1s, retries: 2 }, deploy: { replicas: 1 } }
";
        self.stack.write("compose.sickly.yaml", text);
        self.production.with("compose.sickly.yaml")
    }

    /// Web as it is, but for its program, which answers every question with 500.
    fn failing(&self) -> Compose {
        let text = r#"services:
  web:
    command: [node, -e, "require('http').createServer((_, it) => it.writeHead(500).end()).listen(3000)"]
    healthcheck: { interval: 1s, timeout: 1s, retries: 2, start_period: 1ms }
"#;
        self.stack.write("compose.failing.yaml", text);
        self.production.with("compose.failing.yaml")
    }

    fn health(&self) {
        let Shop { stack, production, client, url, .. } = self;
        stack.prove("a web that answers its probe with 500: unhealthy", || {
            self.failing().run(&["up", "--detach", "--no-deps", "web"])?;
            within(20, || self.health_is("web", "unhealthy"))
        });
        stack.prove("… and healthy again, when it is itself again", || {
            production.up(&["--no-deps", "web"])?;
            within(15, || client.answers(200, &[&format!("{url}/shop/")]))
        });
        stack.prove("api recreated with another address: found again by the gateway", || {
            let before = self.address_of("api")?;
            production.run(&["stop", "api"])?;
            production.run(&["rm", "--force", "api"])?;
            let squatters = [self.squat()?, self.squat()?];
            self.sickly().up(&["--no-deps", "api"])?;
            ensure(before != self.address_of("api")?, "the address is the old one")?;
            within(15, || self.has(&["tea", "<b>"], 2))?;
            (0..5).try_for_each(|_| self.has(&["tea", "<b>"], 2))?;
            docker(["rm", "--force"].into_iter().chain(squatters.iter().map(String::as_str))).map(drop)
        });
        stack
            .prove("the picture is still on the volume", || client.answers(200, &[&format!("{url}/api/pictures/one")]));
        stack.prove("api hangs: unhealthy", || {
            self.signal("STOP")?;
            within(30, || self.health_is("api", "unhealthy"))
        });
        stack.prove("… and healthy again when it goes on", || {
            self.signal("CONT")?;
            within(30, || self.health_is("api", "healthy"))?;
            self.has(&["tea", "<b>"], 2)
        });
        stack.prove("api crashes: started again", || {
            self.signal("KILL")?;
            within(30, || {
                let api = production.container("api")?;
                same(api.json["RestartCount"].as_i64(), Some(1))?;
                same(api.health(), "healthy")
            })?;
            within(15, || self.has(&["tea", "<b>"], 2))
        });
    }

    /// Takes an address in api's network, so that api gets another one.
    fn squat(&self) -> Proof<String> {
        let network = format!("{}_api", self.production.project);
        let label = format!("forge.test={}", self.production.project);
        let image = format!("ghcr.io/acme/shop-site:{}", self.stack.version);
        let options = ["--detach", "--rm", "--network", &network, "--label", &label, "--entrypoint", "sleep"];
        let id = docker(["run"].into_iter().chain(options).chain([image.as_str(), "300"]))?;
        Ok(id.trim().to_string())
    }

    /// To all that api runs but PID 1, which is an init.
    fn signal(&self, signal: &str) -> Proof {
        self.production.container("api")?.shell(&format!("kill -{signal} -1")).map(drop)
    }

    fn health_is(&self, service: &str, health: &str) -> Proof {
        same(self.production.container(service)?.health(), health)
    }

    fn life(&self) {
        let Shop { stack, production, client, url, .. } = self;
        stack.prove("a renewed certificate is served after a reload, without a restart", || {
            let before = self.serial()?;
            let started = production.container("gateway")?.json["State"]["StartedAt"].clone();
            self.certificate("shop.example.com")?;
            production.run(&["kill", "--signal", "HUP", "gateway"])?;
            within(5, || ensure(self.serial()? != before, "the old one is served"))?;
            client.answers(200, &[url])?;
            same(&production.container("gateway")?.json["State"]["StartedAt"], &started)
        });
        stack.prove("stop: all within the grace period, exit status 0 or 143", || {
            let start = std::time::Instant::now();
            contract::stops(production, &[])?;
            ensure(start.elapsed().as_secs() < 30, format!("it took {:?}", start.elapsed()))
        });
        stack.prove("the gateway starts without any of its upstreams, and says 502", || {
            production.up(&["--no-deps", "gateway"])?;
            client.answers(502, &[url])
        });
        stack.prove("started again: the data is still there, migrated again, and Redis, a cache, is empty", || {
            production.up(&[])?;
            within(10, || self.has(&["tea", "<b>"], 0))
        });
    }

    fn serial(&self) -> Proof<String> {
        let address = format!("127.0.0.1:{}", self.https);
        let shown =
            end(command("openssl").args(["s_client", "-connect", &address, "-servername", "shop.example.com"])).stdout;
        let certificate = shown.split_inclusive('\n').skip_while(|it| !it.contains("BEGIN CERTIFICATE"));
        let end = "-----END CERTIFICATE-----";
        let pem = certificate.collect::<String>();
        let pem = pem.split_once(end).ok_or_else(|| format!("no certificate in\n{shown}"))?.0;
        fs::write(self.stack.beside("shown.pem"), format!("{pem}{end}\n")).expect("a file in a temporary folder");
        run(command("openssl").args(["x509", "-noout", "-serial", "-in"]).arg(self.stack.beside("shown.pem")))
    }

    /// What the spec says comes into force with `generate` and `up`, and nobody else is disturbed.
    fn change(&self) {
        let Shop { stack, production, client, url, .. } = self;
        stack.prove("a changed limit: generate and up bring it into force, and recreate the gateway alone", || {
            let ids = || -> Proof<Vec<(String, String)>> {
                let running = production.containers()?.into_iter().filter(Container::is_running);
                Ok(running.map(|it| (it.service.clone(), it.id().to_string())).collect())
            };
            let before = ids()?;
            stack.edit("forge.yaml", "burst: 20", "burst: 60")?;
            stack.forge(&["generate"])?;
            production.up(&[])?;
            let after = ids()?;
            let kept: BTreeSet<&str> = after.iter().filter(|it| before.contains(it)).map(|it| it.0.as_str()).collect();
            same(kept, SERVICES.into_iter().filter(|it| *it != "gateway").collect())?;
            same(after.len(), before.len())?;
            within(10, || client.answers(200, &[url]))?;
            let statuses = client.statuses(&[&format!("{url}/api/items?[1-45]")])?;
            same(statuses, vec!["200".to_string(); 45])
        });
        stack.do_or_fail("production can be taken down", production.run(&["down", "--volumes", "--timeout", "10"]));
    }

    // ---- development ----

    fn develop(&self) {
        let Shop { stack, client, development_url: url, .. } = self;
        let development = stack.development();
        stack.do_or_fail("modes can be set", self.chmod("go=rX"));
        stack.prove("development: secrets and certificate made, booted, healthy", || {
            run(command("rm").args(SECRETS.map(|it| stack.path(&format!("secrets/{it}")))))?;
            run(&mut stack.script(&["scripts/secrets", "--env", "development"]))?;
            fs::copy(stack.path("secrets/tls/shop.localhost.crt"), stack.beside("trusted.pem"))
                .expect("scripts/secrets made it");
            development.up(&["--build"])
        });
        stack.prove("development: listens on 127.0.0.1 only", || {
            same(contract::published(&development)?, [("gateway".to_string(), "127.0.0.1".to_string())].into())
        });
        stack.prove("development: one of api, as the overlay says", || {
            same(development.containers()?.iter().filter(|it| it.service == "api").count(), 1)
        });
        stack.prove("development: as hardened as production", || {
            for container in development.containers()?.iter().filter(|it| it.is_running()) {
                contract::hardened(container, "unless-stopped").map_err(|why| format!("{}: {why}", container.name))?;
            }
            Ok(())
        });
        stack.prove("development: https://shop.localhost works", || client.answers(200, &[&format!("{url}/shop/")]));
        stack.prove("development: an edit in api is live", || {
            stack.edit("api/app/main.py", r#""status": "ok""#, r#""status": "edited""#)?;
            within(20, || client.shows(r#""edited""#, &format!("{url}/healthz")))
        });
        stack.prove("development: an edit in web is live", || {
            stack.edit("web/src/server.js", "Questions:", "Anything else?")?;
            within(20, || client.shows("Anything else?", &format!("{url}/shop/")))
        });
        stack.prove("development: an edit in site is live", || {
            stack.edit("site/public/index.html", "<h1>Shop", "<h1>Open")?;
            within(5, || client.shows("<h1>Open", &format!("{url}/")))
        });
    }
}

/// What lies in a checkout and must not get into an image.
const LEAKS: [&str; 8] = [
    "api/.git/leak",
    "api/.env",
    "api/leak.pem",
    "api/app/leak.key",
    "site/public/.env",
    "site/public/leak.pem",
    "web/.npmrc",
    "web/node_modules/leak",
];

fn mode(stack: &Stack, path: &str) -> Proof<u32> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = fs::metadata(stack.path(path)).map_err(|error| format!("{path}: {error}"))?;
    Ok(metadata.permissions().mode() & 0o777)
}

fn from_api(api: &Container, host: &str, port: &str) -> Proof {
    let script = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)";
    api.inside(&["python", "-c", script, host, port]).map(drop)
}

fn from_web(web: &Container, host: &str, port: &str) -> Proof {
    let script = "require('net').connect(process.argv[2], process.argv[1], () => process.exit(0))
        .setTimeout(3000, () => process.exit(1)).on('error', () => process.exit(1))";
    web.inside(&["node", "-e", script, host, port]).map(drop)
}

fn from_gateway(gateway: &Container, address: &str) -> Proof {
    gateway
        .inside(&["curl", "--silent", "--max-time", "3", "--output", "/dev/null", &format!("http://{address}/")])
        .map(drop)
}
