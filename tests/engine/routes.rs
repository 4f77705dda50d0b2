//! Every kind of route, asked by curl: what comes back, and what the service was told.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::client::{Client, Response};
use super::proof::{Proof, command, contains, ensure, fails, lacks, run, same};
use super::stack::{Stack, free_port};

/// What the service says that it was asked.
fn told(response: &Response) -> Proof<Value> {
    serde_json::from_slice(&response.body).map_err(|error| format!("{error}: {}", response.text()))
}

fn one<'r>(response: &'r Response, header: &str) -> Proof<&'r str> {
    match response.header(header).as_slice() {
        [it] => Ok(it),
        them => Err(format!("`{header}` is there {} times: {them:?}", them.len())),
    }
}

#[test]
fn routes_do_what_they_say() {
    let Some(mut stack) = Stack::new("routes") else { return };
    let (http, https) = (free_port(), free_port());
    stack.set("ROUTES_HTTP", format!("127.0.0.1:{http}"));
    stack.set("ROUTES_HTTPS", format!("127.0.0.1:{https}"));
    stack.write("forge.yaml", include_str!("routes/forge.yaml"));
    stack.write("api/server.js", include_str!("routes/server.js"));
    stack.write("api/package.json", r#"{ "name": "api", "version": "1.0.0", "private": true }"#);
    stack.write(
        "api/package-lock.json",
        r#"{ "name": "api", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": { "": { "name": "api", "version": "1.0.0" } } }"#,
    );
    stack.write("pages/gone.html", "<h1>a page of our own</h1>\n");
    stack.write("pages/busy.html", "<h1>too many</h1>\n");
    stack.write("pages/large.html", "<h1>too large</h1>\n");
    stack.write("pages/closed.html", "<h1>closed for maintenance</h1>\n");
    stack.write("site/index.html", "<h1>the site</h1>\n");
    stack.write("site/style.css", "body { color: black }\n");
    stack.write("site/below/index.html", "<h1>below</h1>\n");
    std::os::unix::fs::symlink("/etc/hostname", stack.path("site/link.txt")).expect("a link in a temporary folder");
    let hash = stack.do_or_fail("a hash", run(command("openssl").args(["passwd", "-6", "-salt", "salt", "hunter2"])));
    let production = stack.production();
    stack.prove("generated", || stack.forge(&["generate"]).map(drop));
    stack.supply("secrets/USERS", &format!("ann:{hash}"));
    stack.prove("scripts/secrets is content", || run(&mut stack.script(&["scripts/secrets"])).map(drop));
    stack.prove("booted, healthy", || production.up(&["--build"]));
    let trusted = stack.path("secrets/tls/routes.localhost.crt");
    let client = Client::new(Some(trusted), &[("routes.localhost", https)]);
    let at = |path: &str| format!("https://routes.localhost:{https}{path}");
    let json = |arguments: &[&str]| told(&client.ask(arguments)?);

    stack.prove("strip_prefix: the service is asked for the rest, undecoded, with its query", || {
        let answer = json(&["--path-as-is", &at("/strip/a%2Fb//c?d=%20e")])?;
        same(answer["url"].as_str(), Some("/a%2Fb//c?d=%20e"))
    });
    stack.prove("strip_prefix: another spelling of the prefix is none of the service's paths", || {
        let answer = json(&["--path-as-is", &at("/%73trip/a")])?;
        same(answer["url"].as_str(), Some("//"))
    });
    stack.prove("events come while the answer goes on", || {
        let start = Instant::now();
        let mut curl = command("curl");
        let url = at("/live/events");
        let resolve = format!("routes.localhost:{https}:127.0.0.1");
        curl.args(["--silent", "--no-buffer", "--resolve", &resolve, "--insecure", &url]).stdout(Stdio::piped());
        let mut child = curl.spawn().map_err(|error| error.to_string())?;
        let mut first = String::new();
        let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?);
        lines.read_line(&mut first).map_err(|error| error.to_string())?;
        let waited = start.elapsed();
        let _ = child.kill();
        let _ = child.wait();
        contains(&first, "first")?;
        ensure(waited < Duration::from_secs(5), format!("it came after {waited:?}"))
    });
    stack.prove("gRPC: frames there and back, with the trailers", || {
        let message = stack.beside("message");
        std::fs::write(&message, b"\0\0\0\0\x05hello").map_err(|error| error.to_string())?;
        let data = format!("@{}", message.display());
        let headers = ["--http2", "--header", "content-type: application/grpc", "--header", "te: trailers"];
        let url = at("/echo.Echo/Say");
        let answer = client.ask(&[&headers[..], &["--data-binary", &data, &url]].concat())?;
        same(answer.version.as_str(), "HTTP/2")?;
        contains(&answer.text(), "\0\0\0\0\x05hello")
    });
    stack.prove("cache: the second answer is the first", || {
        let (first, second) = (client.ask(&[&at("/kept/a")])?, client.ask(&[&at("/kept/a")])?);
        same(one(&first, "x-cache")?, "MISS")?;
        same(one(&second, "x-cache")?, "HIT")?;
        same(told(&first)?["asked"].clone(), told(&second)?["asked"].clone())?;
        same(one(&second, "x-content-type-options")?, "nosniff")
    });
    stack.prove("cache: not for those with a cookie or a login, and another query is another answer", || {
        for more in [["--cookie", "a=b"], ["--user", "a:b"]] {
            same(one(&client.ask(&[&more[..], &[&at("/kept/a")]].concat())?, "x-cache")?, "BYPASS")?;
        }
        same(one(&client.ask(&[&at("/kept/a?b")])?, "x-cache")?, "MISS")
    });
    stack.prove("cache: what a request with a body got is nobody else's", || {
        let fat = ["--request", "GET", "--data", "0"];
        for more in [&fat[..], &[&fat[..], &["--header", "Transfer-Encoding: chunked", "--http1.1"]].concat()] {
            same(one(&client.ask(&[more, &[&at("/kept/fat")]].concat())?, "x-cache")?, "BYPASS")?;
        }
        same(one(&client.ask(&[&at("/kept/fat")])?, "x-cache")?, "MISS")
    });
    stack.prove("canary: one client always gets the same service", || {
        let names: Vec<Value> =
            (0..5).map(|_| Ok(json(&[&at("/shared/")])?["name"].clone())).collect::<Proof<Vec<Value>>>()?;
        ensure(names.iter().all(|it| *it == names[0] && (*it == "api" || *it == "next")), format!("{names:?}"))
    });
    stack.prove("CORS: a preflight is answered by the gateway, for the site that may", || {
        let from = |origin: &str| {
            let origin = format!("Origin: {origin}");
            let ask = ["--request", "OPTIONS", "--header", "Access-Control-Request-Method: PUT", "--header"];
            client.ask(&[&ask[..], &[&origin, &at("/other-sites/a")]].concat())
        };
        let answer = from("https://app.example.com")?;
        same(answer.status, 204)?;
        same(one(&answer, "access-control-allow-origin")?, "https://app.example.com")?;
        same(one(&answer, "access-control-allow-methods")?, "GET, HEAD, POST, PUT")?;
        same(one(&answer, "access-control-allow-headers")?, "X-Own")?;
        same(one(&answer, "access-control-allow-credentials")?, "true")?;
        same(from("https://evil.example.com")?.header("access-control-allow-origin").len(), 0)
    });
    stack.prove("CORS: the service's own words are dropped, all else stays", || {
        let origin = ["--header", "Origin: https://app.example.com"];
        let answer = client.ask(&[&origin[..], &[&at("/other-sites/a")]].concat())?;
        same(one(&answer, "access-control-allow-origin")?, "https://app.example.com")?;
        same(one(&answer, "x-frame-options")?, "DENY")?;
        same(one(&answer, "strict-transport-security").is_ok(), true)
    });
    stack.prove("login: 401 without, in with name and password, which the service never sees", || {
        let refused = client.ask(&[&at("/login/a")])?;
        same(refused.status, 401)?;
        contains(one(&refused, "www-authenticate")?, "Basic")?;
        same(one(&refused, "x-content-type-options")?, "nosniff")?;
        client.answers(401, &["--user", "ann:wrong", &at("/login/a")])?;
        let answer = json(&["--user", "ann:hunter2", &at("/login/a")])?;
        same(answer["headers"]["authorization"].clone(), Value::Null)
    });
    stack.prove("other spellings of what is guarded are nothing: 404, also to lax services", || {
        for path in ["/LOGIN/a", "/Login", "/login;x/a", "/FAR", "/far/", "/far;x", "/f%41r", "/far%0a"] {
            client.answers(404, &["--path-as-is", &at(path)]).map_err(|why| format!("{path}: {why}"))?;
        }
        client.answers(401, &["--path-as-is", &at("//login//a")])?;
        client.answers(401, &["--path-as-is", &at("/%6Cogin/a")])?;
        client.answers(401, &["--path-as-is", &at("/login%2Fa")])
    });
    stack.prove("there is no other way to what is guarded", || {
        for path in ["/strip/login/a", "/strip/far", "/far.json", "/login.json", "/FAR%20"] {
            client.answers(404, &["--path-as-is", &at(path)]).map_err(|why| format!("{path}: {why}"))?;
        }
        Ok(())
    });
    stack.prove("nor past one guard through another, nor by a path that ends in the middle of the line", || {
        let login = ["--user", "ann:hunter2"];
        client.answers(404, &[&login[..], &[&at("/inside/far")]].concat())?;
        client.answers(200, &[&login[..], &[&at("/inside/login/a")]].concat())?;
        for path in ["/strip/GUARDED/a", "/strip/guarded;x/a", "/strip;x/guarded/a", "/strip/;/guarded/a"] {
            client.answers(404, &["--path-as-is", &at(path)]).map_err(|why| format!("{path}: {why}"))?;
        }
        for target in ["/far/..#", "/login/..#", "/#/login/", "/strip/a?b#c"] {
            client.answers(400, &["--request-target", target, &at("/")]).map_err(|why| format!("{target}: {why}"))?;
        }
        Ok(())
    });
    stack.prove("WebSockets are for the sites that may ask, and for programs that are no site's", || {
        let from = |origin: &str| client.ask(&["--header", &format!("Origin: {origin}"), &at("/sockets/a")]);
        same(from("https://evil.example.com")?.status, 403)?;
        same(from("null")?.status, 403)?;
        same(from("https://app.example.com")?.status, 200)?;
        client.answers(200, &[&at("/sockets/a")])
    });
    stack.prove("allow: 403 for strangers", || client.answers(403, &[&at("/far")]));
    stack.prove("what the service shows to operators is 404 outside, in every spelling", || {
        for path in [
            "/inner",
            "/inner/x",
            "/INNER",
            "/metrics",
            "/strip/inner",
            "/%69nner",
            "/inner;x",
            "//inner",
            "/inner/",
            "/inner.json",
            "/inner%20",
            "/;x/inner",
            "/inner/;x",
            "/Inner;a=b.html",
        ] {
            client.answers(404, &["--path-as-is", &at(path)]).map_err(|why| format!("{path}: {why}"))?;
        }
        client.answers(200, &[&at("/innermost")])
    });
    stack.prove("redirects keep path and query, and never lead to another host", || {
        for (path, location) in [
            ("/old/a/b?c=d", "/a/b?c=d"),
            ("/old//evil.example.com/", "/evil.example.com/"),
            ("/old/%5Cevil.example.com/", "/%5Cevil.example.com/"),
            ("/old/\\evil.example.com/", "/evil.example.com/"),
            ("/moved?a=b", "https://docs.example.com/?a=b"),
        ] {
            let answer = client.ask(&["--path-as-is", &at(path)])?;
            same(one(&answer, "location")?, location).map_err(|why| format!("{path}: {why}"))?;
        }
        client.answers(308, &[&at("/old/")])?;
        client.answers(302, &[&at("/moved")])
    });
    stack.prove("files: types, ages, folders and what is not there", || {
        let style = client.ask(&[&at("/site/style.css")])?;
        contains(one(&style, "content-type")?, "text/css")?;
        same(one(&style, "cache-control")?, "public, max-age=3600")?;
        let same_still = format!("If-None-Match: {}", one(&style, "etag")?);
        let unchanged = client.ask(&["--header", &same_still, &at("/site/style.css")])?;
        // a browser keeps the page with the policy that it came with
        same((unchanged.status, unchanged.header("content-security-policy").len()), (304, 0))?;
        client.answers(404, &[&at("/site/link.txt")])?;
        let page = client.ask(&[&at("/site/")])?;
        same(one(&page, "cache-control")?, "no-cache")?;
        same(one(&client.ask(&[&at("/site")])?, "location")?, "/site/")?;
        same(one(&client.ask(&[&at("/site/below")])?, "location")?, "/site/below/")?;
        client.shows("below", &at("/site/below/"))?;
        client.answers(404, &[&at("/site/none")])?;
        client.answers(404, &["--path-as-is", &at("/site/.env")])?;
        for path in ["/site../etc/passwd", "/site/../../etc/passwd", "/site/%2e%2e/%2e%2e/etc/passwd"] {
            let answer = client.ask(&["--path-as-is", &at(path)])?;
            lacks(&answer.text(), "root:")?;
        }
        client.shows("the site", &at("/app/some/page"))
    });
    stack.prove("a page of the project's own for 404, with its status and headers", || {
        let answer = client.ask(&[&at("/site/none")])?;
        contains(&answer.text(), "a page of our own")?;
        same(one(&answer, "x-content-type-options")?, "nosniff")?;
        client.answers(404, &[&at("/_errors/gone.html")])
    });
    stack.prove(
        "pages for 429 and 413 come with all that belongs to the route: Retry-After, and who may read it",
        || {
            let origin = ["--header", "Origin: https://app.example.com"];
            client.answers(200, &[&origin[..], &[&at("/rare/a")]].concat())?;
            let answer = client.ask(&[&origin[..], &[&at("/rare/a")]].concat())?;
            same((answer.status, one(&answer, "retry-after")?), (429, "10"))?;
            contains(&answer.text(), "too many")?;
            same(one(&answer, "access-control-allow-origin")?, "https://app.example.com")?;
            same(one(&answer, "access-control-expose-headers")?, "X-Own")?;
            let body = stack.beside("large");
            std::fs::write(&body, vec![b'a'; 1_100_000]).map_err(|error| error.to_string())?;
            let data = format!("@{}", body.display());
            let answer = client.ask(&[&origin[..], &["--data-binary", &data, &at("/other-sites/a")]].concat())?;
            same(answer.status, 413)?;
            contains(&answer.text(), "too large")?;
            same(one(&answer, "access-control-allow-origin")?, "https://app.example.com")?;
            same(answer.header("retry-after").len(), 0)?;
            // another route's page has none of it
            same(
                client.ask(&[&origin[..], &[&at("/site/none")]].concat())?.header("access-control-allow-origin").len(),
                0,
            )
        },
    );
    let host = |more: &[&str], path: &str| Ok(json(&[more, &[&at(path)]].concat())?["host"].to_string());
    let hosts = |more: &[&str], path: &str| (0..12).map(|_| host(more, path)).collect::<Proof<BTreeSet<String>>>();
    stack.prove("replicas share the requests, and a sticky client stays with one", || {
        same((hosts(&[], "/many/")?.len(), hosts(&[], "/faithful/")?.len()), (3, 1))
    });
    stack.prove("where a replica fails another is asked, but for requests that change something", || {
        let all = hosts(&[], "/many/")?;
        let first = all.first().ok_or("there is none")?.trim_matches('"').to_owned();
        let sick = format!("X-Sick: {first}");
        let well = hosts(&["--header", &sick], "/many/")?;
        same((well.len(), well.contains(&format!("{first:?}"))), (2, false))?;
        let urls = at("/many/[1-12]");
        let count = |more: &[&str]| -> Proof<usize> {
            let statuses = client.statuses(&[&["--header", &sick], more, &[&urls]].concat())?;
            same(statuses.len(), 12)?;
            Ok(statuses.iter().filter(|it| *it == "503").count())
        };
        same(count(&[])?, 0)?;
        let failed = count(&["--data", "a=b"])?;
        ensure((1..12).contains(&failed), format!("{failed} of 12 failed"))
    });
    stack.prove("guesses of a password wait, and then are refused", || {
        let start = Instant::now();
        let statuses = client.statuses(&["--user", "ann:wrong", &at("/login/[1-60]")])?;
        let asked = statuses.iter().filter(|it| *it == "401").count();
        ensure((15..35).contains(&asked) && statuses.iter().any(|it| it == "429"), format!("{statuses:?}"))?;
        ensure(start.elapsed() >= Duration::from_secs(2), format!("{asked} in {:?}", start.elapsed()))
    });
    stack.prove("texts are compressed for those who take it", || {
        let answer = client.ask(&[
            "--header",
            "Accept-Encoding: gzip",
            "--header",
            &format!("X-Long: {}", "x".repeat(2000)),
            &at("/"),
        ])?;
        same(one(&answer, "content-encoding")?, "gzip")
    });
    stack.prove("nothing but WebSockets is upgraded to", || {
        let h2c = ["--header", "Connection: Upgrade, HTTP2-Settings", "--header", "Upgrade: h2c", "--http1.1"];
        let answer = json(&[&h2c[..], &[&at("/")]].concat())?;
        same(answer["headers"]["upgrade"].clone(), Value::Null)
    });
    stack.prove("maintenance: 503 with Retry-After at once, and health answers on", || {
        run(&mut stack.script(&["scripts/maintenance", "on"]))?;
        let answer = client.ask(&[&at("/")])?;
        same((answer.status, one(&answer, "retry-after")?), (503, "600"))?;
        contains(&answer.text(), "maintenance")?;
        client.answers(200, &[&at("/healthz")])?;
        run(&mut stack.script(&["scripts/maintenance", "off"]))?;
        let answer = client.ask(&[&at("/")])?;
        same((answer.status, answer.header("retry-after").len()), (200, 0))?;
        fails(
            run(&mut stack.script(&["scripts/maintenance", "on", "--env", "nowhere"])),
            "an environment that is not there",
        )
    });
    stack.say_how_many();
}
