//! `examples/notes`: Flask on gunicorn, installed by uv, before Valkey; over plain HTTP.

use super::client::Client;
use super::contract;
use super::proof::{run, same, within};
use super::stack::{HOSTILE, Stack, examples, free_port};
use super::uv;

#[test]
fn notes_are_kept_as_forge_promises() {
    let Some(mut stack) = Stack::new("notes") else { return };
    let (port, development_port) = (free_port(), free_port());
    stack.set("NOTES_DEVELOPMENT_HTTP", development_port.to_string());
    stack.set("NOTES_HTTP", format!("127.0.0.1:{port}"));
    stack.copy_authors_files(&examples().join("notes"));
    let client = Client::new(None, &[("notes.localhost", port), ("notes.localhost", development_port)]);
    let url = format!("http://notes.localhost:{port}/notes/");
    let milk = format!("{url}milk");
    let production = stack.production();

    stack.do_or_fail("the versions can be locked", uv::lock(&stack.path("")));
    stack.prove("forge generate makes the notes of what their author wrote", || stack.forge(&["generate"]).map(drop));
    stack.prove("scripts/secrets makes all of them: exit 0", || run(&mut stack.script(&["scripts/secrets"])).map(drop));
    stack.supply("secrets/STORE_PASSWORD", HOSTILE);
    stack.prove("built", || production.run(&["build"]).map(drop));
    stack.prove(format!("booted, healthy; the password is {HOSTILE}"), || production.up(&[]));
    stack.prove("a note is written", || client.answers(204, &["--request", "PUT", "--data", "two bottles", &milk]));
    stack.prove("… and read", || client.shows("two bottles", &milk));
    stack.prove("… and listed", || client.shows("milk", &url));
    stack.prove("unknown hosts: no answer", || client.ends(52, &[&format!("http://127.0.0.1:{port}/notes/")]));
    stack.prove("plain HTTP promises no HTTPS", || {
        let response = client.ask(&[&url])?;
        same(response.header("strict-transport-security").len(), 0)?;
        same(response.header("x-content-type-options").as_slice(), &["nosniff"])
    });
    contract::prove(&stack, &production, &[HOSTILE]);
    stack.prove("the code is not the application's to write", || {
        contract::code_is_not_writable(&production.container("app")?, &["/app", "/opt"], "")
    });
    stack.prove("the image has no package manager and no compiler", || {
        contract::has_no_tools(&production.container("app")?)
    });
    stack.prove("stop: exit status 0 or 143, within the grace period", || contract::stops(&production, &[]));
    stack.prove("started again: the note is still there", || {
        production.up(&[])?;
        within(10, || client.shows("two bottles", &milk))
    });
    stack.do_or_fail("production can be taken down", production.run(&["down", "--volumes", "--timeout", "10"]));
    let development_url = format!("http://notes.localhost:{development_port}");
    stack.prove("development: booted, healthy", || {
        run(&mut stack.script(&["scripts/secrets", "--env", "development"]))?;
        stack.development().up(&["--build"])
    });
    stack.prove("development: an edit is live", || {
        stack.edit("notes/__init__.py", r#""status": "ok""#, r#""status": "edited""#)?;
        within(20, || client.shows(r#""edited""#, &format!("{development_url}/healthz")))
    });
    stack.say_how_many();
}
