//! What changes of files mean, held against files that people wrote: each means itself, however it is spelled, and no
//! changed value goes unsaid.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use forge::meaning::{Cost, Meaning, between};
use forge::yaml;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value};

use crate::skipped::absent;

/// The files below `folder` whose changes have a meaning, by path.
fn known(folder: &Path) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<PathBuf> =
            fs::read_dir(&folder).into_iter().flatten().flatten().map(|it| it.path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let name = path.to_string_lossy().into_owned();
                out.extend(between(&name, Some(&text), Some(&text)).map(|_| (name, text)));
            }
        }
    }
    out
}

/// The examples, and real files where they are.
static FILES: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let examples = known(&root.join("examples"));
    assert!(examples.len() > 30, "{}", examples.len());
    let corpus = ["compose", "dockerfiles", "nginx"].map(|it| known(&root.join("../shared/corpus").join(it)));
    if corpus[0].is_empty() {
        absent("corpus of real files");
    }
    examples.into_iter().chain(corpus.into_iter().flatten()).collect()
});

fn said(path: &str, before: &str, after: &str) -> Option<Vec<Meaning>> {
    between(path, Some(before), Some(after))
}

#[test]
fn every_file_means_itself() {
    for (path, text) in FILES.iter() {
        assert_eq!(said(path, text, text), Some(Vec::new()), "{path}");
        let windows = text.replace('\n', "\r\n");
        assert_eq!(said(path, text, &windows), Some(Vec::new()), "{path} with other line ends");
    }
}

/// A compose file as JSON, which is YAML: without anchors and comments, and with all maps the other way round.
fn respelled(text: &str) -> Option<Value> {
    fn reversed(value: Value) -> Value {
        match value {
            Value::Object(map) => {
                let mut entries: Vec<_> = map.into_iter().map(|(key, it)| (key, reversed(it))).collect();
                entries.reverse();
                Value::Object(entries.into_iter().collect::<Map<_, _>>())
            }
            Value::Array(items) => Value::Array(items.into_iter().map(reversed).collect()),
            other => other,
        }
    }
    let root = yaml::read(text).ok()?.root.json();
    let Value::Object(mut map) = reversed(root) else { return None };
    map.retain(|key, _| !key.starts_with("x-"));
    Some(Value::Object(map))
}

fn compose_files() -> impl Iterator<Item = &'static (String, String)> {
    let is_compose =
        |path: &str| path.contains("compose") && path.rsplit('/').next().is_some_and(|it| it.contains("compose"));
    FILES.iter().filter(move |(path, _)| is_compose(path))
}

#[test]
fn another_spelling_of_a_compose_file_means_the_same() {
    let mut count = 0;
    for (path, text) in compose_files() {
        // JSON has no tags, and extensions that nothing uses are said.
        if text.contains("!reset") || text.contains("!override") || text.contains("exception ") {
            continue;
        }
        let Some(other) = respelled(text) else { continue };
        let said = said(path, text, &other.to_string()).expect("JSON can be read");
        let said: Vec<&Meaning> = said.iter().filter(|it| !it.what.starts_with("x-")).collect();
        assert!(said.is_empty(), "{path}: {said:#?}");
        count += 1;
    }
    assert!(count >= 2, "only {count} files could be spelled otherwise");
}

/// All scalars of a tree, changed one at a time.
fn changed(value: &Value) -> Vec<(String, Value)> {
    let mut out = Vec::new();
    let mut pointers = vec![String::new()];
    while let Some(pointer) = pointers.pop() {
        let changed = match value.pointer(&pointer) {
            Some(Value::Object(map)) => {
                pointers.extend(map.keys().map(|it| format!("{pointer}/{}", it.replace('~', "~0").replace('/', "~1"))));
                continue;
            }
            Some(Value::Array(items)) => {
                pointers.extend((0..items.len()).map(|it| format!("{pointer}/{it}")));
                continue;
            }
            Some(Value::Bool(it)) => Value::Bool(!it),
            Some(Value::Number(it)) => Value::from(it.as_f64().unwrap_or(0.0) + 1.0),
            Some(Value::String(it)) => Value::from(format!("{it}7")),
            Some(Value::Null) | None => continue,
        };
        let mut whole = value.clone();
        *whole.pointer_mut(&pointer).expect("it is there") = changed;
        out.push((pointer, whole));
    }
    out
}

#[test]
fn no_changed_value_of_a_compose_file_goes_unsaid() {
    let mut count = 0;
    for (path, text) in compose_files() {
        let Some(root) = respelled(text) else { continue };
        let before = root.to_string();
        // Of a large file, some.
        let changes = changed(&root);
        for (pointer, after) in changes.iter().step_by(1 + changes.len() / 6) {
            let said = said(path, &before, &after.to_string());
            assert!(said.is_none_or(|it| !it.is_empty()), "{path}: {pointer} became another, and nothing is said");
            count += 1;
        }
    }
    assert!(count > 100, "{count}");
}

#[test]
fn no_line_that_goes_from_a_file_goes_unsaid() {
    let mut count = 0;
    for (path, text) in FILES.iter() {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        for (index, line) in lines.iter().enumerate().step_by(1 + lines.len() / 6) {
            let line = line.trim();
            // Of these only the last one counts.
            let is_dead = ["CMD", "ENTRYPOINT", "HEALTHCHECK"].iter().any(|it| line.to_uppercase().starts_with(it));
            let again = lines.iter().filter(|it| it.trim() == line).count() > 1;
            if path.ends_with(".yml")
                || path.ends_with(".yaml")
                || line.is_empty()
                || line.starts_with('#')
                || again
                || is_dead
            {
                continue;
            }
            let rest: String = lines.iter().enumerate().filter(|(it, _)| *it != index).map(|(_, it)| *it).collect();
            let said = said(path, text, &rest);
            assert!(said.is_none_or(|it| !it.is_empty()), "{path}: nothing is said of the line that went\n{line}");
            count += 1;
        }
    }
    assert!(count > 100, "{count}");
}

/// What holds of everything that is said.
fn hold(path: &str, before: &str, after: &str) {
    let Some(said) = said(path, before, after) else { return };
    let lines = before.split('\n').count().max(after.split('\n').count());
    let mut cost = Some(Cost::Security);
    for it in &said {
        assert!(!it.what.is_empty(), "{path}: {it:?}");
        assert!(!it.what.chars().chain(it.at.chars()).any(char::is_control), "{path}: {it:?}");
        assert!(it.line.is_none_or(|it| it >= 1 && it <= lines), "{path}: {it:?} of {lines}");
        assert!(it.cost <= cost, "{path}: what gives up security comes first, and then what may cost data");
        cost = it.cost;
    }
}

#[test]
fn any_edit_of_any_file_can_be_compared() {
    let snippet = prop_oneof![
        "\\PC{0,12}",
        "[ \t\n:{}\\[\\]#&*!|>'\"%@`,;\\\\$-]{0,6}",
        prop::sample::select(vec![
            "services:\n",
            "---\n",
            "  ports: ['80']\n",
            "USER root\n",
            "FROM \n",
            "RUN <<E\n",
            "}\n",
            "{",
            "location ~ x {\n",
            "\u{feff}",
            "\r",
            "<<: *x\n",
            "!reset ",
            "null\n",
            "99999999999999999999",
            "-1",
            "\u{202e}",
            "# exception x: y\n",
            "a: [a, [b, {c: d}]]\n",
        ])
        .prop_map(str::to_owned),
    ];
    let edit = (any::<prop::sample::Index>(), 0..40_usize, snippet);
    let names = prop::sample::select(vec![
        "compose.yml",
        "Dockerfile",
        "a.conf",
        ".env",
        "k8s.yaml",
        ".github/workflows/a.yml",
        ".gitlab-ci.yml",
        ".dockerignore",
    ]);
    let edits = (any::<prop::sample::Index>(), names, prop::collection::vec(edit, 1..6));
    let config = Config { cases: 120, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&edits, |(which, name, edits)| {
            let (path, before) = which.get(&FILES);
            let mut after = before.clone();
            for (place, length, snippet) in edits {
                let floor = |mut it: usize| {
                    it = it.min(after.len());
                    while !after.is_char_boundary(it) {
                        it -= 1;
                    }
                    it
                };
                let start = floor(place.index(after.len() + 1));
                let end = floor(start + length).max(start);
                after.replace_range(start..end, &snippet);
            }
            hold(path, before, &after);
            hold(path, &after, before);
            prop_assert!(said(path, &after, &after).is_none_or(|it| it.is_empty()), "{} differs from itself", path);
            // As what people call another file, too.
            hold(name, before, &after);
            Ok(())
        })
        .expect("every edit can be compared");
}

#[test]
fn no_credential_is_ever_said() {
    const SECRET: &str = "hunter2correcthorse9";
    let lines = [
        ("compose.yaml", "services:\n  a:\n    image: x:1\n    environment:\n      DB_PASSWORD: SECRET\n"),
        ("compose.yaml", "services:\n  a:\n    image: x:1\n    environment: [\"DB_PASSWORD=SECRET\"]\n"),
        ("compose.yaml", "services:\n  a:\n    image: x:1\n    command: [redis-server, --requirepass, SECRET]\n"),
        ("compose.yaml", "services:\n  a:\n    image: x:1\n    command: redis-server --requirepass SECRET\n"),
        ("compose.yaml", "services:\n  a:\n    build: {context: ., args: {API_TOKEN: SECRET}}\n"),
        ("compose.yaml", "services:\n  a:\n    image: x:1\n    labels: {url: \"postgres://a:SECRET@b/c\"}\n"),
        ("compose.yaml", "x-a: &a {DB_PASSWORD: SECRET}\nservices:\n  a:\n    image: x:1\n    environment: *a\n"),
        (
            "compose.yaml",
            "services:\n  a:\n    image: x:1\n    healthcheck: {test: [CMD, redis-cli, -a, SECRET, ping]}\n",
        ),
        ("compose.yaml", "secrets:\n  a:\n    password: |\n      SECRET\n"),
        ("Dockerfile", "FROM a:1\nENV DB_PASSWORD=SECRET\n"),
        ("Dockerfile", "FROM a:1\nENV DB_PASSWORD SECRET\n"),
        ("Dockerfile", "FROM a:1\nRUN curl --user --password=SECRET x\n"),
        ("Dockerfile", "FROM a:1\nRUN DB_PASSWORD=SECRET make\n"),
        ("Dockerfile", "FROM a:1\nRUN git clone https://me:SECRET@example.com/x\n"),
        ("Dockerfile", "FROM a:1\nCMD [\"run\", \"--api-token=SECRET\"]\n"),
        (".env.example", "DB_PASSWORD=SECRET\n"),
        (".env.example", "URL=postgres://a:SECRET@b/c\n"),
        ("nginx.conf", "proxy_set_header Authorization \"Bearer SECRET\";\n"),
        ("nginx.conf", "proxy_pass https://a:SECRET@b/;\n"),
        ("k8s.yaml", "apiVersion: v1\nkind: Secret\nstringData: {a: SECRET}\n"),
        (
            "k8s.yaml",
            "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, env: [{name: DB_PASSWORD, value: SECRET}]}]}\n",
        ),
        (".github/workflows/a.yml", "env: {API_TOKEN: SECRET}\n"),
        (
            "compose.yaml",
            "services:\n  a:\n    image: x:1\n    labels: {traefik.http.middlewares.x.basicauth.users: \"a:SECRET\"}\n",
        ),
        (
            "compose.yaml",
            "services:\n  a:\n    image: x:1\n    labels: [\"traefik.http.middlewares.x.basicauth.users=a:SECRET\"]\n",
        ),
        (
            "compose.yaml",
            "services:\n  a:\n    image: x:1\n    healthcheck: {test: [CMD, mysqladmin, ping, -pSECRET]}\n",
        ),
        ("compose.yaml", "services:\n  a:\n    image: x:1\n    command: mysql -pSECRET shop\n"),
        ("compose.yaml", "services:\n  a:\n    image: x:1\n    command: curl -u a:SECRET https://x\n"),
        ("compose.yaml", "services:\n  a:\n    image: x:1\n    environment:\n      ? DB_PASSWORD\n      : SECRET\n"),
        (
            "compose.yaml",
            "services:\n  a:\n    image: x:1\n    environment:\n      DOCKER_AUTH_CONFIG: '{\"auths\": {\"a.io\": {\"auth\": \"SECRET\"}}}'\n",
        ),
        (
            "compose.yaml",
            "services:\n  a:\n    image: x:1\n    environment: {SENTRY: \"https://SECRET@o1.ingest.sentry.io/1\"}\n",
        ),
        ("Dockerfile", "FROM a:1\nRUN curl -u a:SECRET https://x\n"),
        ("Dockerfile", "FROM a:1\nRUN echo 'db:5432:a:b:SECRET' > ~/.pgpass\n"),
        (".env.example", "SALT=SECRET\n"),
        (".env.example", "CREDS=SECRET\n"),
        ("nginx.conf", "proxy_set_header X-Api-Key SECRET;\n"),
        ("nginx.conf", "secure_link_secret SECRET;\n"),
        ("nginx.conf", "secure_link_md5 \"$uri SECRET\";\n"),
        ("Dockerfile", "FROM a:1\nRUN git clone https://glpat-SECRET@gitlab.com/a.git\n"),
        ("Dockerfile", "FROM a:1\nRUN fetch token:ghp_SECRETSECRET\n"),
        ("Dockerfile", "FROM a:1\nADD https://ghp_SECRETSECRET@github.com/a.git /a\n"),
        ("compose.yaml", "services:\n  a:\n    image: x:1\n    command: run glrt-SECRET\n"),
        ("compose.yaml", "services:\n  a:\n    image: x:1\n    command: run dckr_pat_SECRET\n"),
        ("compose.yaml", "services:\n  a:\n    image: x:1\n    labels: {a: \"at:hf_SECRETSECRET\"}\n"),
        (".env.example", "A=ghr_SECRETSECRET\n"),
        (".env.example", "A=pypi-SECRETSECRETSECRET\n"),
        (".env.example", "A=xapp-SECRET\n"),
    ];
    for (path, line) in lines {
        let (one, other) = (line.replace("SECRET", SECRET), line.replace("SECRET", &SECRET.replace('9', "8")));
        let empty = line.replace("SECRET", "");
        for (before, after) in [
            (Some(&one), Some(&other)),
            (Some(&one), None),
            (None, Some(&one)),
            (Some(&empty), Some(&one)),
            (Some(&one), Some(&empty)),
        ] {
            let said = between(path, before.map(String::as_str), after.map(String::as_str)).unwrap_or_default();
            let shown = said.iter().any(|it| it.what.contains("hunter2") || it.at.contains("hunter2"));
            assert!(!shown, "{path}: {line}{said:#?}");
        }
        assert!(said(path, &one, &other).is_some_and(|it| !it.is_empty()), "{path}: nothing is said of\n{line}");
    }
}

/// What nests or repeats without end may neither overflow the stack nor take long.
#[test]
fn hostile_texts_are_compared_in_an_instant() {
    let nested = format!("{}{}", "${A:-".repeat(20_000), "}".repeat(20_000));
    let service = |field: &str| format!("services:\n  a:\n    image: x:1\n    {field}\n");
    let began = std::time::Instant::now();
    for (path, text) in [
        ("a.conf", format!("env A{};\n", "=".repeat(60_000))),
        ("a.conf", format!("limit_rate{};\n", " a=b".repeat(20_000))),
        ("compose.yaml", service(&format!("ports: [\"{nested}:80\"]"))),
        ("compose.yaml", service(&format!("volumes: [\"{nested}:/a\"]"))),
        ("compose.yaml", service(&format!("mem_limit: \"{nested}\""))),
        ("compose.yaml", service(&format!("image2: \"{}\"", "${A:-".repeat(20_000)))),
        ("compose.yaml", service(&format!("labels: {{a: \"{}\"}}", "://".repeat(30_000)))),
        ("Dockerfile", format!("FROM a:1\n{}", "ENV A=b\n".repeat(20_000))),
    ] {
        hold(path, &text, "");
        hold(path, "", &text);
    }
    assert!(began.elapsed().as_secs() < 30, "{:?}", began.elapsed());
}
