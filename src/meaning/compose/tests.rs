//! Compose files before and after, and the words.

use crate::meaning::tests::{check, said};

/// Fields of one service.
fn service(fields: &str) -> String {
    format!("services: {{api: {{image: x:1, {fields}}}}}\n")
}

#[test]
fn spellings_of_one_thing_are_the_same() {
    let same: &[(&str, &str)] = &[
        ("ports: ['80:80']", "ports: [{target: 80, published: '80'}]"),
        (
            "ports: ['127.0.0.1:80:80/tcp']",
            "ports: [{target: 80, published: 80, host_ip: 127.0.0.1, protocol: tcp, mode: ingress}]",
        ),
        ("ports: ['80:80', '81:81']", "ports: ['81:81', '0.0.0.0:80:80']"),
        ("environment: [A=1, B=]", "environment: {B: '', A: 1}"),
        ("environment: [A]", "environment: {A: }"),
        ("volumes: ['./a:/b:ro']", "volumes: [{type: bind, source: ./a/, target: /b, read_only: true}]"),
        ("volumes: ['a:/b']", "volumes: [{type: volume, source: a, target: /b}]"),
        ("tmpfs: '/tmp:size=64m,noexec,mode=0700'", "tmpfs: ['/tmp:mode=700,size=67108864']"),
        ("depends_on: [db]", "depends_on: {db: {condition: service_started, required: true}}"),
        ("networks: [a, b]", "networks: {b: , a: {}}"),
        ("mem_limit: 512m", "deploy: {resources: {limits: {memory: 536870912}}}"),
        ("cpus: 0.50", "deploy: {resources: {limits: {cpus: '0.5'}}}"),
        ("pids_limit: 100", "deploy: {resources: {limits: {pids: 100}}}"),
        ("scale: 2", "deploy: {replicas: 2}"),
        ("stop_grace_period: 90s", "stop_grace_period: 1m30s"),
        ("healthcheck: {test: a b, interval: 60s}", "healthcheck: {interval: 1m, test: [CMD-SHELL, a b]}"),
        ("command: a b", "command: [a, b]"),
        ("build: ./a", "build: {context: ./a/, dockerfile: Dockerfile}"),
        ("build: {context: ., args: [A=1]}", "build: {context: ., args: {A: '1'}}"),
        ("extra_hosts: ['a:1.2.3.4']", "extra_hosts: {a: 1.2.3.4}"),
        ("cap_drop: [ALL], cap_add: [CAP_CHOWN]", "cap_add: [chown], cap_drop: [all]"),
        ("security_opt: ['no-new-privileges:true']", "security_opt: [no-new-privileges]"),
        ("privileged: false, read_only: false", "init: false"),
        ("restart: no", "restart: 'no'"),
        ("secrets: [a]", "secrets: [{source: a}]"),
        ("networks: [default]", ""),
    ];
    for (before, after) in same {
        assert_eq!(said("compose.yml", &service(before), &service(after)), [""; 0], "{before} and {after}");
        assert_eq!(said("compose.yml", &service(after), &service(before)), [""; 0], "{after} and {before}");
    }
}

#[test]
fn fields_of_a_service_have_their_words() {
    check(
        "compose.yml",
        &[
            ("mem_limit: 512M", "mem_limit: 1G", &["! services.api: memory 512M → 1G"]),
            ("mem_limit: 1G", "mem_limit: 512M", &["services.api: memory 1G → 512M"]),
            ("mem_limit: 1G", "", &["! services.api: memory limit 1G removed"]),
            ("", "pids_limit: 100", &["services.api: pids limited to 100"]),
            (
                "ports: ['127.0.0.1:8080:80']",
                "ports: ['8080:80']",
                &["! services.api: published port 127.0.0.1:8080:80 → 8080:80 on every address"],
            ),
            (
                "ports: ['8080:80']",
                "ports: ['127.0.0.1:8080:80']",
                &["services.api: published port 8080:80 on every address → 127.0.0.1:8080:80"],
            ),
            ("", "ports: ['127.0.0.1:8080:80']", &["services.api: publishes port 127.0.0.1:8080:80"]),
            ("", "ports: ['8080:80']", &["! services.api: publishes port 8080:80 on every address"]),
            ("ports: ['53:53/udp']", "", &["services.api: no longer publishes port 53:53/udp on every address"]),
            (
                "ports: ['${P:-127.0.0.1:80}:80']",
                "ports: ['${P:-80}:80']",
                &["! services.api: published port ${P:-127.0.0.1:80}:80 → ${P:-80}:80 on every address"],
            ),
            ("", "cap_add: [NET_ADMIN]", &["! services.api: capability NET_ADMIN added"]),
            ("cap_add: [NET_ADMIN]", "", &["services.api: capability NET_ADMIN taken away"]),
            ("cap_drop: [ALL]", "cap_drop: [NET_RAW]", &["! services.api: dropped capabilities ALL → NET_RAW"]),
            ("cap_drop: [NET_RAW]", "cap_drop: [ALL]", &["services.api: dropped capabilities NET_RAW → ALL"]),
            ("cap_drop: [ALL]", "", &["! services.api: capabilities ALL no longer dropped"]),
            ("read_only: true", "", &["! services.api: read-only root switched off"]),
            ("", "read_only: true", &["services.api: read-only root switched on"]),
            ("", "privileged: true", &["! services.api: privileged mode switched on"]),
            ("privileged: true", "", &["services.api: privileged mode switched off"]),
            ("", "init: true", &["services.api: init switched on"]),
            ("", "network_mode: host", &["! services.api: network of the host", "services.api: network default left"]),
            ("pid: host", "", &["services.api: processes (pid) no longer of the host"]),
            ("", "ipc: host", &["! services.api: memory (ipc) of the host"]),
            (
                "security_opt: ['no-new-privileges:true']",
                "",
                &["! services.api: security option no-new-privileges removed"],
            ),
            ("", "security_opt: [seccomp=unconfined]", &["! services.api: security option seccomp unconfined added"]),
            ("user: '10001:10001'", "user: '0:0'", &["! services.api: user 10001:10001 → 0:0"]),
            ("user: root", "user: '1000'", &["services.api: user root → 1000"]),
            ("user: '1000'", "", &["! services.api: user 1000 removed"]),
            ("healthcheck: {test: a}", "", &["! services.api: health check removed"]),
            (
                "healthcheck: {test: a}",
                "healthcheck: {disable: true}",
                &["! services.api: health check switched off", "services.api: health check test CMD-SHELL a removed"],
            ),
            ("", "healthcheck: {test: a, interval: 1m}", &["services.api: health check switched on"]),
            (
                "healthcheck: {test: a, interval: 1m}",
                "healthcheck: {test: b, interval: 30s}",
                &[
                    "services.api: health check test CMD-SHELL a → CMD-SHELL b",
                    "services.api: health check interval 1m → 30s",
                ],
            ),
            ("networks: [a]", "networks: [a, db]", &["services.api: network db joined"]),
            (
                "networks: {a: {aliases: [x]}}",
                "networks: {a: {aliases: [y]}}",
                &["services.api: network a alias y added", "services.api: network a alias x removed"],
            ),
            ("depends_on: [db]", "", &["services.api: no longer waits for db"]),
            (
                "depends_on: [db]",
                "depends_on: {db: {condition: service_healthy}}",
                &["services.api: waits for db to be started → healthy"],
            ),
            (
                "",
                "depends_on: {m: {condition: service_completed_successfully}}",
                &["services.api: waits for m to be done"],
            ),
            ("", "secrets: [X]", &["services.api: secret X added"]),
            (
                "environment: {LOG_LEVEL: info}",
                "environment: {LOG_LEVEL: debug}",
                &["services.api: environment LOG_LEVEL info → debug"],
            ),
            ("environment: {A: ''}", "environment: {A: }", &["services.api: environment A \"\" → (from outside)"]),
            (
                "secrets: [DB_PASSWORD]",
                "environment: {DB_PASSWORD: hunter2secret}",
                &["! services.api: environment DB_PASSWORD added", "services.api: secret DB_PASSWORD removed"],
            ),
            ("environment: {DB_PASSWORD: hunter2secret}", "", &["services.api: environment DB_PASSWORD removed"]),
            (
                "",
                "volumes: ['/var/run/docker.sock:/var/run/docker.sock:ro']",
                &["! services.api: host path /var/run/docker.sock read-only mounted at /var/run/docker.sock"],
            ),
            (
                "volumes: ['./a:/a:ro']",
                "volumes: ['./a:/a']",
                &["! services.api: mount at /a: host path ./a read-only → host path ./a"],
            ),
            ("volumes: ['./a:/a']", "volumes: ['a:/a']", &["services.api: mount at /a: host path ./a → volume a"]),
            ("", "volumes: ['a:/a']", &["services.api: volume a mounted at /a"]),
            (
                "tmpfs: ['/tmp:size=64m']",
                "tmpfs: ['/tmp:size=128m,exec']",
                &["! services.api: tmpfs /tmp 64m → 128m", "! services.api: options of /tmp: exec"],
            ),
            (
                "",
                "extra_hosts: ['host.docker.internal:host-gateway']",
                &["! services.api: extra host host.docker.internal at host-gateway added"],
            ),
            ("command: [a, b]", "command: [b, a]", &["services.api: command a b → b a"]),
            (
                "logging: {driver: json-file, options: {max-size: 10m}}",
                "logging: {driver: local, options: {max-size: 10m}}",
                &["services.api: logging.driver json-file → local"],
            ),
            ("restart: always", "restart: unless-stopped", &["services.api: restart always → unless-stopped"]),
            ("labels: [a=b]", "labels: {a: c}", &["services.api: label a b → c"]),
            ("deploy: {replicas: 2}", "deploy: {replicas: 3}", &["services.api: replicas 2 → 3"]),
            ("env_file: [a, b]", "env_file: [b, a]", &["services.api: env file b comes earlier"]),
            ("build: ./a", "build: {context: ./a, target: x}", &["services.api: build.target x added"]),
        ],
        service,
    );
}

#[test]
fn images_that_are_said_less_exactly_give_something_up() {
    let digest = format!("x:1@sha256:{}", "0".repeat(64));
    let file = |it: &str| format!("services: {{a: {{image: '{it}'}}}}");
    assert!(said("compose.yml", &file(&digest), &file("x:1"))[0].starts_with("! services.a: image x:1@sha256:0000"));
    assert!(said("compose.yml", &file("x:1"), &file(&digest))[0].starts_with("services.a: image x:1 → x:1@"));
    check(
        "compose.yml",
        &[
            ("x:1", "x:2", &["services.a: image x:1 → x:2"]),
            ("x:1", "x", &["! services.a: image x:1 → x"]),
            ("x:1", "x:latest", &["! services.a: image x:1 → x:latest"]),
            ("x", "x:1", &["services.a: image x → x:1"]),
        ],
        file,
    );
}

#[test]
fn another_major_version_may_not_read_what_is_in_a_volume() {
    let file = |it: &str| format!("services: {{db: {{{it}}}}}\nvolumes: {{d: {{}}}}\n");
    check(
        "compose.yml",
        &[
            (
                "image: postgres:17.2, volumes: ['d:/data']",
                "image: postgres:18, volumes: ['d:/data']",
                &[
                    "$ services.db: what is in its volumes is of postgres 17, and 18 may not read it: a database has to be dumped before and restored after",
                    "services.db: image postgres:17.2 → postgres:18",
                ],
            ),
            (
                "image: 'x/y:v2@sha256:1', volumes: [{type: volume, source: d, target: /data}]",
                "image: 'x/y:${V:-v1.9}', volumes: [{type: volume, source: d, target: /data}]",
                &[
                    "! services.db: image x/y:v2@sha256:1 → x/y:${V:-v1.9}",
                    "$ services.db: what is in its volumes is of x/y 2, and 1 may not read it: a database has to be dumped before and restored after",
                ],
            ),
            (
                "image: postgres:18.1, volumes: ['d:/data']",
                "image: postgres:18.2, volumes: ['d:/data']",
                &["services.db: image postgres:18.1 → postgres:18.2"],
            ),
            (
                "image: postgres:17, volumes: ['./d:/data', '/data']",
                "image: postgres:18, volumes: ['./d:/data', '/data']",
                &["services.db: image postgres:17 → postgres:18"],
            ),
            (
                "image: postgres:17, volumes: ['d:/data']",
                "image: postgis/postgis:18, volumes: ['d:/data']",
                &["services.db: image postgres:17 → postgis/postgis:18"],
            ),
        ],
        file,
    );
}

#[test]
fn the_rest_of_a_file_has_its_words() {
    let hard = "cap_drop: [ALL], security_opt: ['no-new-privileges:true'], read_only: true, user: '1:1', mem_limit: 1m";
    let added = said(
        "compose.yml",
        "services: {}",
        &format!("services: {{a: {{image: x:1, {hard}}}, b: {{build: ., cap_drop: [ALL]}}}}"),
    );
    assert!(added[0].ends_with("user 1:1, network default joined"), "{added:#?}");
    assert_eq!(
        added[1],
        "! services.b: service added: built from ., network default joined, without no-new-privileges, a read-only root, a memory limit"
    );
    check(
        "compose.yml",
        &[
            (
                "services: {a: {image: x:1}}",
                "services: {a: {image: x:1}, b: {image: y:2, ports: ['1:2'], privileged: true}}",
                &[
                    "! services.b: service added: image y:2, publishes port 1:2 on every address, privileged mode switched on, network default joined, without dropped capabilities, no-new-privileges, a read-only root, a user, a memory limit",
                ],
            ),
            ("services: {a: {image: x:1, ports: ['1:2']}}", "services: {}", &["services.a: service removed"]),
            ("networks: {a: {internal: true}}", "networks: {a: }", &["! networks.a: no longer internal"]),
            ("networks: {a: {}}", "networks: {a: {internal: true}}", &["networks.a: internal now"]),
            (
                "volumes: {a: {}}",
                "volumes: {b: }",
                &[
                    "$ volumes.a: volume removed: what is in it stays there, and nothing reads it",
                    "volumes.b: volume added",
                ],
            ),
            (
                "volumes: {a: {name: x}}",
                "volumes: {a: {name: y}}",
                &["$ volumes.a: name x → y: another volume, and the data stays in the old one"],
            ),
            (
                "volumes: {a: {}}",
                "volumes: {a: {name: y}}",
                &["volumes.a: name y: another volume, and the data stays in the old one"],
            ),
            (
                "volumes: {a: {}}",
                "volumes: {a: {driver_opts: {device: /etc}}}",
                &["! volumes.a: keeps its data at /etc of the host"],
            ),
            ("secrets: {a: {file: ./a}}", "secrets: {a: {file: ./b}}", &["secrets.a: file ./a → ./b"]),
            ("name: a", "name: b", &["name a → b"]),
            (
                "{name: a, volumes: {c: {}}}",
                "{name: b, volumes: {c: {}}}",
                &["$ name a → b: a project of its own with new volumes, and the data stays in the old ones"],
            ),
            ("x-a: 1", "x-a: 2", &["x-a 1 → 2"]),
            (
                "x-a: &a {read_only: true}\nservices: {a: {image: x:1, <<: *a}}",
                "services: {a: {image: x:1, read_only: true}}",
                &[],
            ),
            (
                "services: {a: {networks: [b]}}\nnetworks: {b: {internal: true}, c: {}}",
                "services: {a: {networks: [b, c]}}\nnetworks: {b: {internal: true}, c: {}}",
                &["! services.a: network c joined"],
            ),
        ],
        str::to_owned,
    );
}

#[test]
fn an_overlay_only_adds_to_what_is_below_it() {
    check(
        "compose.development.yaml",
        &[
            ("", "read_only: false", &["! services.api: read-only root switched off"]),
            ("read_only: true", "", &["! services.api: read-only root no longer switched on"]),
            ("", "healthcheck: !reset null", &["! services.api: healthcheck of the files below taken back"]),
            ("ports: ['1:1']", "ports: !override ['1:1']", &["services.api: ports of the files below replaced"]),
            ("", "labels: {a: b}", &["services.api: label a=b added"]),
            ("", "networks: {x: !reset null}", &["services.api: networks.x of the files below taken back"]),
            ("", "depends_on: {db: !reset null}", &["services.api: depends_on.db of the files below taken back"]),
            ("", "environment: {A: !reset null}", &["services.api: environment.A of the files below taken back"]),
            ("", "ports: !reset ['1:1']", &["services.api: ports of the files below taken back"]),
            ("", "logging: {driver: !reset x}", &["services.api: logging.driver of the files below taken back"]),
        ],
        |it| format!("services: {{api: {{stop_grace_period: 1s, {it}}}}}\n"),
    );
}

#[test]
fn what_an_overlay_takes_back_does_not_come() {
    check(
        "compose.development.yaml",
        &[
            (
                "",
                "services: {gateway: {ports: ['127.0.0.1:8080:8080']}}",
                &["services.gateway: service added: publishes port 127.0.0.1:8080:8080"],
            ),
            (
                "",
                "services: {gateway: {ports: ['8080:8080']}}",
                &["! services.gateway: service added: publishes port 8080:8080 on every address"],
            ),
            ("services: {}", "services: {db: !reset null}", &["services.db of the files below taken back"]),
            ("networks: {}", "networks: {a: !reset null}", &["networks.a of the files below taken back"]),
        ],
        str::to_owned,
    );
}

#[test]
fn a_service_without_an_image_says_nothing_of_what_nobody_wrote() {
    check(
        "compose.yml",
        &[
            ("image: x:1, networks: [a]", "networks: [a]", &["services.db: image x:1 removed"]),
            ("networks: [a]", "image: x:1, networks: [a]", &["services.db: image x:1"]),
            (
                "image: x:1, networks: [a], privileged: true",
                "networks: [a]",
                &["services.db: image x:1 removed", "services.db: privileged mode no longer switched on"],
            ),
        ],
        |it| format!("services: {{db: {{{it}}}}}\n"),
    );
}
