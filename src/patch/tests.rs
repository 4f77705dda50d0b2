use serde_json::json;

use super::*;

const COMPOSE: &str = "\
x: &x
  restart: always
  user: \"1:1\"

services:
  # the first
  api:
    image: a:1
    <<: *x
    ports: [\"80:80\"]
    tmpfs:
      # scratch
      - /tmp
      - /run
    deploy:
      limits: { cpus: \"1\", memory: 1G }

  web:
    image: b:1
    volumes: !override
      - a:/a

  # forge:keep services
  # forge:end

volumes: {}
";

const DOCKERFILE: &str = "\
# syntax=docker/dockerfile:1
FROM python:3 AS dependencies
RUN one
RUN two \\
    three
# forge:keep dependencies
# forge:end

FROM python:3
USER 1:1
CMD [\"a\", \"b\"]
";

const NGINX: &str = "\
worker_processes 1;
events { worker_connections 10; }
http {
    server_tokens off;
    server {
        server_name a.example.com;
        location = /x { return 404; }
        location /api/ {
            proxy_read_timeout 30s;
        }
    }
    server {
        server_name b.example.com;
    }
}
";

fn patch(at: &str, edit: Edit, expect: Option<Value>) -> Patch {
    Patch { file: "f".into(), at: at.into(), edit, expect, lifted: Default::default() }
}

/// What becomes of the lines of a text: those that go and come, or why nothing does.
fn changes(path: &str, id: &str, text: &str, at: &str, edit: Edit, expect: Option<Value>) -> String {
    match one(&patch(at, edit, expect), id, path, text) {
        Err(missed) => format!("{}: {}; {}", missed.key, missed.message, missed.help),
        Ok(changed) => {
            let diff = similar::TextDiff::from_lines(text, &changed);
            let lines = diff.iter_all_changes().filter(|it| it.tag() != similar::ChangeTag::Equal);
            lines.map(|it| format!("{}{}", it.tag(), it.value())).collect()
        }
    }
}

fn compose(at: &str, edit: Edit) -> String {
    changes("compose.yaml", "compose", COMPOSE, at, edit, None)
}

fn set(value: Value) -> Edit {
    Edit::Set(value)
}

#[test]
fn yaml_is_set_at_a_path_and_the_rest_stays_as_it_is_written() {
    for (at, edit, wanted) in [
        ("services.api.image", set(json!("c:2")), "-    image: a:1\n+    image: c:2\n"),
        (
            "services.api.labels",
            set(json!({"team": "a", "on": "no"})),
            "+    labels:\n+      team: a\n+      \"on\": \"no\"\n",
        ),
        (
            "services.api.deploy.limits.memory",
            set(json!("2G")),
            "-      limits: { cpus: \"1\", memory: 1G }\n+      limits: { cpus: \"1\", memory: 2G }\n",
        ),
        ("services.api.tmpfs[1]", set(json!("/var")), "-      - /run\n+      - /var\n"),
        ("services.api.restart", set(json!("no")), "+    restart: \"no\"\n"),
        ("services.new", set(json!({"image": "d:1"})), "+  new:\n+    image: d:1\n"),
        ("volumes.data", set(json!({})), "-volumes: {}\n+volumes:\n+  data: {}\n"),
        ("services.api.tmpfs", Edit::Add(json!("/var")), "+      - /var\n"),
        (
            "services.api.ports",
            Edit::Add(json!("81:81")),
            "-    ports: [\"80:80\"]\n+    ports: [\"80:80\", \"81:81\"]\n",
        ),
        ("services.web", Edit::Add(json!({"init": true, "scale": 0.5})), "+    init: true\n+    scale: 0.5\n"),
        ("services.api.tmpfs[0]", Edit::Remove, "-      # scratch\n-      - /tmp\n"),
        (
            "services.api",
            Edit::Remove,
            "-  # the first\n-  api:\n-    image: a:1\n-    <<: *x\n-    ports: [\"80:80\"]\n-    tmpfs:\n-      # scratch\n-      - /tmp\n-      - /run\n-    deploy:\n-      limits: { cpus: \"1\", memory: 1G }\n",
        ),
    ] {
        assert_eq!(compose(at, edit.clone()), wanted, "{at} {edit:?}");
    }
}

#[test]
fn a_place_that_is_not_there_is_told_with_what_is() {
    for (at, edit, wanted) in [
        ("services.ap.labels", set(json!(1)), "at: there is no key in `services`: `ap`; did you mean `api`?"),
        (
            "services.api.labels",
            Edit::Remove,
            "at: there is no key in `services.api`: `labels`; it has `image`, `ports`, `tmpfs`, `deploy`, `restart` and `user`",
        ),
        (
            "services.api.restart",
            Edit::Remove,
            "at: `services.api.restart` comes in with `<<`; set it to what it shall be here, or remove it where the anchor is",
        ),
        (
            "services.web.volumes",
            set(json!([])),
            "at: `services.web.volumes` holds a tag, which would be lost; name an entry inside of it",
        ),
        ("x", set(json!({})), "at: `x` holds an anchor, which would be lost; name an entry inside of it"),
        ("services.api", Edit::Add(json!({"image": "x"})), "add: `image` is there already; write `set:` to replace it"),
        (
            "services.api.image",
            Edit::Before("a".into()),
            "before: this is for files of lines; the order of keys means nothing: write `set:` or `add:`",
        ),
        ("", set(json!(1)), "at: a place is missing; write `at:` with a path, such as `services.api.labels`"),
        (
            "services.api.ports[1]",
            set(json!("1:1")),
            "at: `services.api.ports` has 1 item; the numbers begin with 0; write `add:` with the list alone for one more",
        ),
        (
            "services.api.tmpfs[2]",
            Edit::Remove,
            "at: `services.api.tmpfs` has 2 items; the numbers begin with 0; write `add:` with the list alone for one more",
        ),
    ] {
        assert_eq!(compose(at, edit.clone()), wanted, "{at} {edit:?}");
    }
    let expecting =
        |expect| changes("compose.yaml", "compose", COMPOSE, "services.api.image", set(json!("b")), Some(expect));
    assert_eq!(expecting(json!("a:1")), "-    image: a:1\n+    image: b\n");
    let moved = "expect: it is `a:1` there; what forge makes has changed: look at it, then mend `expect` or the patch";
    assert_eq!(expecting(json!("a:0")), moved);
}

#[test]
fn an_item_of_a_list_within_a_list_has_no_line_of_its_own() {
    const LISTS: &str = "x:\n  - [a, b]\n  - [{ c: d }, \"e-f\"]\n  - - g\n    - h\n  - \"i-j\"\n  -\n    k: l\n";
    for (at, edit, wanted) in [
        ("x[0][0]", set(json!("z")), "-  - [a, b]\n+  - [z, b]\n"),
        ("x[0][1]", Edit::Remove, "-  - [a, b]\n+  - [a]\n"),
        ("x[1][1]", set(json!("z")), "-  - [{ c: d }, \"e-f\"]\n+  -\n+    - { c: d }\n+    - z\n"),
        ("x[2][0]", set(json!("z")), "-  - - g\n-    - h\n+  - [z, h]\n"),
        ("x[2][1]", set(json!("z")), "-    - h\n+    - z\n"),
        ("x[3]", set(json!("z")), "-  - \"i-j\"\n+  - z\n"),
        ("x[4]", set(json!({"k": "m"})), "-  -\n-    k: l\n+  - { k: m }\n"),
    ] {
        assert_eq!(changes("a.yaml", "x", LISTS, at, edit, None), wanted, "{at}");
    }
    let braces = "x: {\n  a: b,\n  c: d\n}\n";
    let changed = changes("a.yaml", "x", braces, "x.a", set(json!("z")), None);
    assert_eq!(changed, "-x: {\n-  a: b,\n-  c: d\n-}\n+x: { a: z, c: d }\n");
}

#[test]
fn dockerfiles_are_patched_by_stage() {
    for (at, edit, expect, wanted) in [
        ("", Edit::Add(json!("LABEL a=b")), None, "+LABEL a=b\n"),
        ("dependencies", Edit::Add(json!("RUN four")), None, "+RUN four\n"),
        ("final.CMD", set(json!(["x", "y\"z"])), None, "-CMD [\"a\", \"b\"]\n+CMD [\"x\",\"y\\\"z\"]\n"),
        ("final.STOPSIGNAL", set(json!("SIGINT")), None, "+STOPSIGNAL SIGINT\n"),
        ("final.USER", Edit::Before("RUN id\n".into()), Some(json!("1:1")), "+RUN id\n"),
        ("dependencies.RUN[1]", Edit::Remove, Some(json!("two three")), "-RUN two \\\n-    three\n"),
        ("dependencies.RUN", Edit::Remove, None, "at: the stage has 2 `RUN`; say which, from 0: `dependencies.RUN[0]`"),
        (
            "final.USER",
            Edit::Remove,
            Some(json!("2:2")),
            "expect: it is `1:1` there; what forge makes has changed: look at it, then mend `expect` or the patch",
        ),
        ("dependencis.RUN", Edit::Remove, None, "at: there is no stage `dependencis`; did you mean `dependencies`?"),
        ("final.EXPOSE", Edit::Remove, None, "at: there is no instruction `EXPOSE`; it has `FROM`, `USER` and `CMD`"),
        (
            "final",
            Edit::Remove,
            None,
            "remove: a whole stage can only be added to; name an instruction of the stage, as in `final.CMD`, or write `add:`",
        ),
    ] {
        assert_eq!(
            changes("api/Dockerfile", "dockerfile:api", DOCKERFILE, at, edit.clone(), expect),
            wanted,
            "{at} {edit:?}"
        );
    }
}

#[test]
fn nginx_is_patched_by_block() {
    for (at, edit, expect, wanted) in [
        (
            "http.server_tokens",
            set(json!("on")),
            Some(json!("off")),
            "-    server_tokens off;\n+    server_tokens on;\n",
        ),
        ("http.gzip", set(json!("on;")), None, "+    gzip on;\n"),
        (
            "http.server[a.example.com].location[/api/].proxy_read_timeout",
            set(json!("1h")),
            None,
            "-            proxy_read_timeout 30s;\n+            proxy_read_timeout 1h;\n",
        ),
        ("http.server[b.example.com]", Edit::Add(json!("deny all;")), None, "+        deny all;\n"),
        ("http.server[1]", Edit::Add(json!(["a 1;", "b 2;"])), None, "+        a 1;\n+        b 2;\n"),
        (
            "events",
            Edit::Add(json!("multi_accept on;")),
            None,
            "-events { worker_connections 10; }\n+events { worker_connections 10; multi_accept on; }\n",
        ),
        (
            "http.server[a.example.com].\"location\".\"= /x\"",
            Edit::Remove,
            None,
            "-        location = /x { return 404; }\n",
        ),
        (
            "http.server[a.example.com].location[= /x].return",
            Edit::Remove,
            None,
            "-        location = /x { return 404; }\n+        location = /x {  }\n",
        ),
        (
            "events.worker_connections",
            Edit::Before("a b;".into()),
            None,
            "-events { worker_connections 10; }\n+events { a b; worker_connections 10; }\n",
        ),
        ("worker_processes", set(json!("worker_processes 2;")), None, "-worker_processes 1;\n+worker_processes 2;\n"),
        ("worker_processes", Edit::After("daemon off;".into()), None, "+daemon off;\n"),
        (
            "http.server",
            Edit::Remove,
            None,
            "at: there are 2 `server`; say which by what stands behind it, `server[…]`, or by its number from 0",
        ),
        (
            "http.server_token",
            Edit::Remove,
            None,
            "at: there is no directive `server_token`; did you mean `server_tokens`?",
        ),
        ("worker_processes.x", Edit::Remove, None, "at: `worker_processes` is no block; name a directive in a block"),
        ("http", set(json!("x")), None, "set: `http` is a block; name a directive in it, or write `add:`"),
        (
            "http.server_token",
            set(json!("on")),
            None,
            "at: there is no directive `server_token`; did you mean `server_tokens`? Else `add:` it to the block",
        ),
        (
            "http.server[a.example.com].location[/x].return",
            Edit::Remove,
            None,
            "at: there is no location `/x`; did you mean `= /x`?",
        ),
        (
            "http",
            Edit::Add(json!("} lua {")),
            None,
            "add: this brace closes nothing; write whole directives: `gzip on;`, `location /x { … }`",
        ),
        (
            "worker_processes",
            set(json!("2; user root")),
            None,
            "set: this is not one value; write what stands between the name and the semicolon",
        ),
    ] {
        assert_eq!(
            changes("nginx/nginx.conf", "nginx:nginx.conf", NGINX, at, edit.clone(), expect),
            wanted,
            "{at} {edit:?}"
        );
    }
}

#[test]
fn other_files_are_patched_by_line() {
    let text = "# a\nA=1\nB=2\nB=2\n";
    for (at, edit, wanted) in [
        ("A=1", set(json!("A=2")), "-A=1\n+A=2\n"),
        ("A=1", Edit::After("C=3".into()), "+C=3\n"),
        ("", Edit::Add(json!("D=4")), "+D=4\n"),
        ("B=2", Edit::Remove, "at: 2 lines are like this; name one that stands there once"),
        ("A=3", Edit::Remove, "at: there is no line `A=3`; did you mean `A=1`?"),
    ] {
        assert_eq!(changes(".env.example", "env:example", text, at, edit.clone(), None), wanted, "{at} {edit:?}");
    }
}

#[test]
fn a_merge_key_is_not_written() {
    let edits = [
        ("services", set(json!({"<<": "*x"}))),
        ("services.<<", set(json!({"a": 1}))),
        ("", Edit::Add(json!({"x": [{"<<": {}}]}))),
    ];
    for (at, edit) in edits {
        let said = changes("a.yaml", "compose", COMPOSE, at, edit, None);
        assert!(said.contains("`<<` is no key"), "{at}: {said}");
    }
}

#[test]
fn an_empty_block_on_one_line_is_added_to_inside() {
    let text = "http {\n    map $a $b {}\n}\n";
    let said = changes("a.conf", "nginx:a", text, "http.map", Edit::Add(json!("default 1;")), None);
    assert_eq!(said, "-    map $a $b {}\n+    map $a $b { default 1; }\n");
}

proptest::proptest! {
    #[test]
    fn no_patch_makes_forge_panic(at in r#"(final|dependencies|services|api|http|server|x|image|ports|[\[\]."0-9a-z/ &*!~-]){0,6}"#, text in "\\PC{0,12}") {
        for edit in [set(json!(text)), set(json!({&text: [1.5, null]})), Edit::Add(json!([&text])), Edit::Add(json!({&text: 1})), Edit::Before(text.clone()), Edit::After(text.clone()), Edit::Remove] {
            for (path, id, file) in [("a.yaml", "compose", COMPOSE), ("Dockerfile", "dockerfile:a", DOCKERFILE), ("a.conf", "nginx:a", NGINX), ("a.sh", "script:a", "a\nb\n")] {
                let done = one(&patch(&at, edit.clone(), None), id, path, file);
                if let (Ok(done), "a.yaml") = (&done, path) {
                    crate::yaml::read(done).unwrap_or_else(|it| panic!("{it:?}\n{done}"));
                }
            }
        }
    }
}
