//! Passwords of the backings that `secrets` does not try, changed while applications run that log in anew each half second.

use std::collections::BTreeSet;

use serde_json::json;

use super::proof::{Proof, ensure, fails, lacks, run, same};
use super::secrets::{comes_in, rotate, watched};
use super::stack::{Compose, Stack};

/// Logs in at RabbitMQ with the password in a variable, or with the one in the file.
const AMQP: &str = r#"
import os, socket, struct, sys
said = os.environb.get(b"TRIED") or open(os.environ["BROKER_PASSWORD_FILE"], "rb").read()
link = socket.create_connection((os.environ["BROKER_HOST"], int(os.environ["BROKER_PORT"])), 5)
def read(count):
    data = b""
    while len(data) < count:
        data += link.recv(count - len(data)) or sys.exit("refused: the connection was closed")
    return data
def answer():
    while True:
        kind, _, size = struct.unpack(">BHI", read(7))
        payload = read(size + 1)
        if kind == 1: return struct.unpack(">HH", payload[:4])
long = lambda it: struct.pack(">I", len(it)) + it
link.sendall(b"AMQP\0\0\x09\x01")
answer()
login = b"\0" + os.environ["BROKER_USER"].encode() + b"\0" + said
payload = struct.pack(">HH", 10, 11) + long(b"") + b"\x05PLAIN" + long(login) + b"\x05en_US"
link.sendall(struct.pack(">BHI", 1, 0, len(payload)) + payload + b"\xce")
sys.exit(0 if answer() == (10, 30) else "refused")
"#;

/// Comes in again and again with the password that was there when it began, and says so.
fn again(keep: &str, login: &str) -> serde_json::Value {
    let script = format!("{keep}; while :; do {login} >/dev/null 2>&1 && echo in || echo out; sleep 0.5; done");
    json!(["sh", "-c", script])
}

fn spec() -> String {
    let user = json!({ "uid": 10001, "gid": 10001 });
    let mariadb = "mariadb --skip-ssl -h $DB_HOST -u $DB_USER -e 'SELECT 1' $DB_DATABASE";
    let amqp = format!("python3 -c '{AMQP}'");
    let redis = "redis-cli -e -h $CACHE_HOST PING";
    json!({
        "forge": 1,
        "name": "rotating",
        "services": {
            "rows": {
                "image": "mariadb:11.8",
                "user": user,
                "command": again("export MYSQL_PWD=\"$(cat $DB_PASSWORD_FILE)\"", mariadb),
                "healthcheck": { "command": ["sh", "-c", format!("MYSQL_PWD=$(cat $DB_PASSWORD_FILE) {mariadb}")] },
                "needs": { "db": { "role": "app" } },
            },
            "letters": {
                "image": "python:3.13-slim",
                "user": user,
                "command": again("export TRIED=\"$(cat $BROKER_PASSWORD_FILE)\"", &amqp),
                "healthcheck": { "command": ["sh", "-c", amqp] },
                "needs": ["broker"],
            },
            "words": {
                "image": "redis:8",
                "user": user,
                "command": again("export REDISCLI_AUTH=\"$(cat $CACHE_PASSWORD_FILE)\"", redis),
                "healthcheck": { "command": ["sh", "-c", format!("REDISCLI_AUTH=$(cat $CACHE_PASSWORD_FILE) {redis}")] },
                "needs": ["cache"],
            },
        },
        "backings": {
            "db": { "kind": "mariadb", "version": "11.8" },
            "broker": { "kind": "rabbitmq", "version": "4" },
            "cache": { "kind": "redis", "version": "8", "use": "store" },
        },
    })
    .to_string()
}

/// A backing, who uses it, and what its application says to come in with a password.
struct Kind {
    title: &'static str,
    server: &'static str,
    client: &'static str,
    secret: &'static str,
    /// What is run to tell the server.
    tool: &'static str,
    /// Whether applications are out until they are made anew.
    one_at_a_time: bool,
    login: fn(&str) -> String,
}

const KINDS: [Kind; 3] = [
    Kind {
        title: "MariaDB",
        server: "db",
        client: "rows",
        secret: "DB_PASSWORD",
        tool: "mariadb --user=root",
        one_at_a_time: true,
        login: |it| format!("MYSQL_PWD='{it}' mariadb --skip-ssl -h $DB_HOST -u $DB_USER -e 'SELECT 1' $DB_DATABASE"),
    },
    Kind {
        title: "RabbitMQ",
        server: "broker",
        client: "letters",
        secret: "BROKER_PASSWORD",
        tool: "rabbit_auth_backend_internal",
        one_at_a_time: true,
        login: |it| format!("TRIED='{it}' python3 -c '{AMQP}'"),
    },
    Kind {
        title: "Redis",
        server: "cache",
        client: "words",
        secret: "CACHE_PASSWORD",
        tool: "redis-cli -e -x ACL SETUSER",
        one_at_a_time: false,
        login: |it| format!("REDISCLI_AUTH='{it}' redis-cli -e -h $CACHE_HOST PING"),
    },
];

impl Kind {
    fn with(&self, compose: &Compose, password: &str) -> Proof {
        compose.container(self.client)?.shell(&(self.login)(password)).map(drop)
    }

    /// Watches a rotation, and gives the old value and the new.
    fn turn(&self, stack: &Stack, name: &str) -> Proof<(String, String, BTreeSet<String>)> {
        let file = format!("secrets/{name}");
        let old = stack.read(&file)?;
        let seen = watched(|| rotate(stack, name))?;
        let new = stack.read(&file)?;
        ensure(new != old && new.len() == 48, "the value is the old one")?;
        let shown = seen.iter().find(|it| it.contains(&old) || it.contains(&new));
        ensure(shown.is_none(), format!("a process shows it: {shown:?}"))?;
        Ok((old, new, seen))
    }

    fn prove(&self, stack: &Stack, compose: &Compose) {
        let Kind { title, server, client, secret, .. } = self;
        stack.prove(format!("{title}: the application comes in"), || comes_in(compose, client));
        stack.prove(format!("{title}: rotated; it runs on, the application is another that comes in"), || {
            let before = [server, client].map(|it| compose.container(it).map(|it| it.id().to_owned()));
            let (old, new, seen) = self.turn(stack, secret)?;
            ensure(seen.iter().any(|it| it.contains(self.tool)), "nobody watched")?;
            let after = [server, client].map(|it| compose.container(it).map(|it| it.id().to_owned()));
            ensure(before[0] == after[0] && before[1] != after[1], format!("{before:?} {after:?}"))?;
            comes_in(compose, client)?;
            if !self.one_at_a_time {
                lacks(&compose.container(client)?.all_logs(), "out")?;
            }
            self.with(compose, &new)?;
            fails(self.with(compose, &old), "the old password is still good")
        });
        stack.prove(format!("{title}: what the file says is told again, and again"), || {
            let wanted = format!("{secret}0123456789abcdef0123456789abcdef");
            stack.supply(&format!("secrets/{secret}"), &wanted);
            for _ in 0..2 {
                run(&mut stack.script(&["scripts/secrets", "rotate", secret, "--same"]))?;
                self.with(compose, &wanted)?;
            }
            comes_in(compose, client)
        });
        stack.prove(format!("{title}: started again, it knows the one in the file"), || {
            rotate(stack, secret)?;
            compose.run(&["restart", server])?;
            compose.up(&[])?;
            comes_in(compose, client)
        });
        stack.prove(format!("{title}: no log of it has the password"), || {
            let logs = compose.container(server)?.all_logs();
            lacks(&logs, &stack.read(&format!("secrets/{secret}"))?)
        });
    }
}

#[test]
fn applications_go_on_while_mariadb_rabbitmq_and_redis_get_other_passwords() {
    let Some(mut stack) = Stack::new("rotating") else { return };
    let production = stack.production();
    stack.set("COMPOSE_PROJECT_NAME", production.project.clone());
    stack.write("forge.yaml", &spec());
    stack.prove("generated", || stack.forge(&["generate"]).map(drop));
    stack.prove("made", || run(&mut stack.script(&["scripts/secrets"])).map(drop));
    stack.prove("booted, healthy", || production.up(&[]));
    KINDS.iter().for_each(|it| it.prove(&stack, &production));
    roles_of_mariadb(&stack, &production);
    stack.prove("check: all in order, after all of it", || {
        run(&mut stack.script(&["scripts/secrets", "check"])).map(drop)
    });
    stack.say_how_many();
}

/// What root says in the database.
fn root(compose: &Compose, statement: &str) -> Proof<String> {
    let script = format!("MYSQL_PWD=$(cat /run/secrets/DB_ROOT_PASSWORD) mariadb -uroot -Ne \"{statement}\"");
    compose.container("db")?.shell(&script)
}

fn roles_of_mariadb(stack: &Stack, compose: &Compose) {
    let [mariadb, ..] = &KINDS;
    stack.prove("MariaDB: root changes, and comes in with the new password alone", || {
        let (old, new, _) = mariadb.turn(stack, "DB_ROOT_PASSWORD")?;
        same(root(compose, "SELECT 1")?.trim(), "1")?;
        same(compose.container("db")?.read("/run/secrets/DB_ROOT_PASSWORD")?, new)?;
        let script = format!("MYSQL_PWD='{old}' mariadb -uroot -Ne 'SELECT 1'");
        fails(compose.container("db")?.shell(&script).map(drop), "the old password is still good")?;
        run(&mut stack.script(&["scripts/secrets", "rotate", "DB_ROOT_PASSWORD", "--same"])).map(drop)
    });
    stack.prove("MariaDB: its log of all statements has no password in any form that comes in", || {
        root(compose, "SET GLOBAL log_output = 'TABLE'; SET GLOBAL general_log = 1")?;
        let (_, owner, _) = mariadb.turn(stack, "DB_OWNER_PASSWORD")?;
        let (_, new, _) = mariadb.turn(stack, "DB_ROOT_PASSWORD")?;
        let log = root(compose, "SELECT argument FROM mysql.general_log")?;
        ensure(log.contains("ALTER USER"), &log)?;
        [owner.clone(), new].iter().try_for_each(|it| lacks(&log, it))?;
        let script = format!("MYSQL_PWD='{owner}' mariadb --skip-ssl -h $DB_HOST -u rotating_owner -e 'SELECT 1'");
        compose.container("rows")?.shell(&script).map(drop)
    });
}
