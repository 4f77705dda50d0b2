//! Networks and volumes: what stands in compose files, what differs in an environment, and what is refused.

use forge::diagnostic::Severity;
use snapbox::{assert_data_eq, str};

use crate::properties::told;
use crate::sandbox::{SMALLEST, Sandbox};

/// The part of a file from a line on, up to the next blank one.
fn part(text: &str, from: &str) -> String {
    let lines = text.lines().skip_while(|it| *it != from).take_while(|it| !it.is_empty());
    lines.map(|it| format!("{it}\n")).collect()
}

const SPEC: &str = r#"    networks: [monitoring]
    needs: [db]
    writable: { /srv/up: { volume: uploads }, /srv/shared: { volume: shared } }
  web: { from: api, command: [python, -m, web], port: 9000, needs: [api] }
backings: { db: { kind: postgres, version: "18" } }
networks:
  db: { subnet: 10.5.0.0/24, gateway: 10.5.0.9, labels: { com.example.team: shop } }
  api: { name: shop-front, options: { com.docker.network.driver.mtu: 1400 } }
  monitoring: { external: true, name: company_monitoring }
volumes:
  uploads: { options: { type: nfs, o: "addr=10.0.0.9,rw,nfsvers=4", device: ":/exports/$up" }, labels: { com.example.backup: daily } }
  db-data: { driver: "vendor/disks:2", options: { tier: fast } }
  shared: { external: true }
environments:
  staging:
    overlay:
      networks: { db: { subnet: null, gateway: null }, api: { name: null } }
      volumes: { shared: { external: null } }
"#;

#[test]
fn networks_and_volumes_are_what_the_spec_says_and_an_environment_has_its_own() {
    let sandbox = Sandbox::smallest("hosts").file("forge.yaml", format!("{SMALLEST}{SPEC}"));
    sandbox.generate();
    let base = sandbox.read("compose.yaml");
    assert_data_eq!(
        part(&base, "networks:"),
        str![[r#"
networks:
  api:
    internal: true
    driver_opts: { com.docker.network.bridge.inhibit_ipv4: "true", com.docker.network.driver.mtu: "1400" }
    name: shop-front
  db:
    internal: true
    driver_opts: { com.docker.network.bridge.inhibit_ipv4: "true" }
    ipam: { config: [{ subnet: "10.5.0.0/24", gateway: "10.5.0.9" }] }
    labels: { com.example.team: shop }
  # others own it: never made nor removed from here
  monitoring: { external: true, name: company_monitoring }
  # forge:keep networks
  # forge:end

"#]]
    );
    assert_data_eq!(
        part(&base, "volumes:"),
        str![[r#"
volumes:
  db-data: { driver: vendor/disks:2, driver_opts: { tier: fast } }
  # others own it: never made nor removed from here
  shared: { external: true }
  uploads:
    driver_opts: { device: ":/exports/$$up", o: "addr=10.0.0.9,rw,nfsvers=4", type: nfs }
    labels: { com.example.backup: daily }
  # forge:keep volumes
  # forge:end

"#]]
    );
    assert!(base.contains("networks: [api, db, monitoring]"), "{base}");
    assert_data_eq!(
        sandbox.read("compose.staging.yaml"),
        str![[r#"
# Staging, by forge from forge.yaml. First `scripts/secrets --env staging`, and .env from .env.example; then
#   docker compose -f compose.yaml -f compose.staging.yaml up --detach --build --wait

# a name of its own, so that it never touches production's containers and volumes
name: shop-staging

networks:
  api: { name: !reset null }
  db: { ipam: !reset null }
  # forge:keep networks
  # forge:end

volumes:
  shared: { external: !reset null }
  # forge:keep volumes
  # forge:end

# forge:keep more
# forge:end

"#]]
    );
}

#[test]
fn ports_are_published_on_the_loopback_address_by_name_and_once() {
    let publish = |service: &str, backing: &str| {
        let text = format!(
            "{SMALLEST}    ports: {{ more: 9000 }}\n    needs: [db]\n    publish: {{ {service} }}\nbackings: {{ db: {{ kind: postgres, publish: {{ {backing} }} }} }}\n"
        );
        let (_, them) = told(&text);
        let words = |it: &forge::diagnostic::Diagnostic| format!("{}: {}", it.code.name, it.message);
        (text, them.iter().filter(|it| it.severity == Severity::Error).map(words).collect::<Vec<_>>())
    };
    let (text, errors) = publish(
        "main: { port: 18000, reason: \"asked # here\" }, more: { port: 19000, reason: more }",
        "main: { port: 15432, reason: reports }",
    );
    assert_eq!(errors, Vec::<String>::new());
    let sandbox = Sandbox::smallest("publish").file("forge.yaml", text);
    sandbox.generate();
    let text = sandbox.read("compose.yaml");
    for part in [
        "    # on this host alone; 18000: asked # here; 19000: more\n    ports:\n      - \"127.0.0.1:18000:8000\"\n      - \"127.0.0.1:19000:9000\"\n    networks: [api-loopback, db]\n",
        "    # on this host alone; 15432: reports\n    ports:\n      - \"127.0.0.1:15432:5432\"\n    networks: [db, db-loopback]\n",
        "  db-loopback: { driver_opts: { com.docker.network.bridge.enable_ip_masquerade: \"false\" } }\n",
    ] {
        assert!(text.contains(part), "no {part}\nin {text}");
    }
    assert_eq!(sandbox.run(&["lint", "compose.yaml"]).stdout.matches("published").count(), 0);
    let own = |it: &str| format!("{it}: {{ port: 18000, reason: a }}");
    assert_eq!(publish(&own("mian"), "").1, ["unknown-name: it has no port `mian`"]);
    assert_eq!(publish("", &own("web")).1, ["unknown-name: it has no port `web`"]);
    assert_eq!(publish(&own("main"), &own("main")).1, ["port-twice: port 18000 of the host is already that of `api`"]);
}

/// With one service, whose network and volume can be described.
fn with(more: &str) -> String {
    format!(
        "{SMALLEST}    needs: [db]\n    writable: {{ /data: {{ volume: data }} }}\n  web: {{ from: api, command: [python, -m, web], port: 9000, needs: [api] }}\nbackings: {{ db: {{ kind: postgres }} }}\n{more}\n"
    )
}

#[test]
fn networks_and_volumes_that_cannot_be_are_told_apart() {
    let cases = [
        ("networks: { ap: {} }", "unknown-name", "did you mean `api`? for one that others own write `external: true`"),
        (
            "networks: { api: { subnet: 10.5.0.0/24, gateway: 10.5.1.1 } }",
            "network",
            "`10.5.1.1` is no address for a host",
        ),
        ("networks: { api: { subnet: 10.5.0.0/24, gateway: 10.5.0.255 } }", "network", "write `10.5.0.1`"),
        ("networks: { api: { gateway: 10.5.0.1 } }", "network", "write its `subnet` as well"),
        ("networks: { api: { subnet: 10.5.0.0/33 } }", "network", "is no range of addresses"),
        ("networks: { api: { subnet: 10.500.0.0/16 } }", "network", "is no range of addresses"),
        ("networks: { api: { subnet: 10.5.0.0/31 } }", "network", "has room for 0, and 2 containers are on it"),
        ("networks: { api: { subnet: 127.1.0.0/16 } }", "network", "is not private"),
        ("networks: { api: { subnet: 8.8.0.0/16 } }", "network", "is not private"),
        ("networks: { api: { subnet: 0.0.0.0/0 } }", "network", "is not private"),
        ("networks: { api: { subnet: 172.16.0.0/12 } }", "network", "the engine's own bridge"),
        ("networks: { api: { subnet: 172.20.0.0/16 } }", "network", "the engine may have given"),
        (
            "networks: { api: { subnet: 10.5.0.0/16 }, db: { subnet: 10.5.7.0/24 } }",
            "network",
            "those of `api` as well",
        ),
        (
            "networks: { api: { options: { com.docker.network.bridge.inhibit_ipv4: \"false\" } } }",
            "network",
            "no option of networks",
        ),
        (
            "networks: { api: { options: { com.docker.network.driver.mut: 1400 } } }",
            "network",
            "did you mean `com.docker.network.driver.mtu`?",
        ),
        ("networks: { api: { options: { com.docker.network.driver.mtu: 9 } } }", "invalid-value", "a number from 576"),
        ("networks: { other: { external: true, name: host } }", "network", "`host` is the engine's own"),
        ("networks: { other: { external: true } }", "unused", "no service is on the network `other`"),
        ("networks: { api: { external: true, subnet: 10.5.0.0/24 } }", "no-effect", "others make `api`"),
        ("networks: { api: { name: aa }, db: { name: aa } }", "name-twice", "is what the engine calls `api`"),
        ("networks: { api: { labels: { api_token: hunter2 } } }", "credential-in-spec", "looks like a credential"),
        ("volumes: { dat: {} }", "unknown-name", "did you mean `data`?"),
        ("volumes: { data: { external: true, driver: local } }", "no-effect", "others make `data`"),
        ("volumes: { data: { options: { o: \"addr=10.0.0.9\" } } }", "missing-key", "mounts nothing without `type`"),
        ("volumes: { data: { options: { tpye: nfs } } }", "unknown-name", "did you mean `type`?"),
        (
            "volumes: { data: { options: { type: cifs, o: \"username=a,Password=hunter2\", device: //a/b } } }",
            "credential-in-spec",
            "has a credential in it",
        ),
        (
            "volumes: { data: { driver: vendor/disk, options: { token: hunter2 } } }",
            "credential-in-spec",
            "has a credential in it",
        ),
        (
            "volumes: { data: { options: { type: ext4, device: /dev/sdb1 } } }",
            "volume-of-the-host",
            "a mount of the type `ext4`",
        ),
        (
            "volumes: { data: { options: { type: nfs, o: \"addr=1.2.3.4, BIND\", device: /etc } } }",
            "volume-of-the-host",
            "by `bind`",
        ),
        ("volumes: { data: { name: db-data }, db-data: { name: db-data } }", "name-twice", "is what the engine calls"),
        ("volumes: { data: { exceptions: [{ rule: host-volum, reason: a }] } }", "unknown-rule", "there is no rule"),
        ("defaults: { logging: { driver: sylog } }", "unknown-choice", "did you mean `syslog`?"),
        ("defaults: { logging: { driver: syslog } }", "missing-key", "cannot do without `syslog-address`"),
        ("defaults: { logging: { driver: awslogs } }", "missing-key", "cannot do without `awslogs-region`"),
        ("defaults: { logging: { driver: local, labels: [a] } }", "no-effect", "writes no labels"),
        ("defaults: { logging: { driver: gelf, max_size: 10M } }", "no-effect", "keeps no files here"),
        ("defaults: { logging: { options: { max-size: 10m } } }", "unknown-name", "write `max_size` beside"),
        ("defaults: { logging: { options: { tga: a } } }", "unknown-name", "did you mean `tag`?"),
        ("defaults: { logging: { options: { max-buffer-size: 4m } } }", "no-effect", "mode: non-blocking"),
        ("defaults: { logging: { options: { compress: maybe } } }", "invalid-value", "`maybe` does not fit"),
        (
            "defaults: { logging: { options: { labels-regex: \"((a+)+$\" } } }",
            "invalid-value",
            "does not fit `labels-regex`",
        ),
        (
            "defaults: { logging: { options: { labels-regex: \"^(?!com)\" } } }",
            "invalid-value",
            "does not fit `labels-regex`",
        ),
        ("defaults: { logging: { options: { tag: \"{{.Nme}}\" } } }", "invalid-value", "does not fit `tag`"),
        ("defaults: { logging: { options: { tag: \"{{.Name\" } } }", "invalid-value", "does not fit `tag`"),
        (
            "defaults: { logging: { driver: gelf, options: { gelf-address: \"udp://a:1\\nx\" } } }",
            "invalid-value",
            "does not fit",
        ),
        (
            "defaults: { logging: { driver: syslog, options: { syslog-address: \"tcp://a:hunter2@b:1\" } } }",
            "credential-in-spec",
            "looks like a credential",
        ),
        ("defaults: { logging: { driver: journald } }", "unproven", "no systemd"),
        ("environments: { development: { debug: { ap: {} } } }", "unknown-name", "did you mean `api`?"),
        (
            "environments: { development: { debug: { api: {} }, overlay: { services: { api: { build: { sources: [] } } } } } }",
            "no-effect",
            "no source of `api` is mounted",
        ),
        (
            "environments: { staging: { debug: { api: {} } } }",
            "unsupported",
            "who reaches a debugger runs what he likes",
        ),
        (
            "environments: { development: { debug: { api: {}, web: {} } } }",
            "port-twice",
            "port 5678 of the host is already that of `api`",
        ),
        (
            "environments: { development: { debug: { api: {} }, overlay: { services: { api: { replicas: 2 } } } } }",
            "unsupported",
            "cannot lead to 2 containers",
        ),
        (
            "networks: { api: { subnet: 10.5.0.0/24 } }\nenvironments: { staging: {} }",
            "shared-between-environments",
            "on one host only one of the two",
        ),
        (
            "networks: { api: { name: shop-api } }\nenvironments: { staging: {} }",
            "shared-between-environments",
            "production's network",
        ),
        (
            "volumes: { data: { external: true } }\nenvironments: { staging: {} }",
            "shared-between-environments",
            "what is written here is written there",
        ),
    ];
    for (more, code, words) in cases {
        let (doc, them) = told(&with(more));
        let says = |it: &&forge::diagnostic::Diagnostic| {
            it.code.name == code && format!("{} {}", it.message, it.help.as_deref().unwrap_or_default()).contains(words)
        };
        let found = them.iter().find(says).unwrap_or_else(|| panic!("no {code} {words:?} for {more}: {them:#?}"));
        assert!(!doc.locate(&found.place).is_empty(), "{more}");
        assert!(!found.message.contains("hunter2"), "{more}");
    }
}

#[test]
fn a_service_joins_networks_of_others_by_name_alone() {
    let joined = |more: &str| told(&format!("{SMALLEST}    networks: [{more}\n"));
    let errors = |more: &str| {
        let (_, them) = joined(more);
        let errors = them.iter().filter(|it| it.severity == Severity::Error);
        errors.map(|it| format!("{}: {}", it.code.name, it.help.as_deref().unwrap_or_default())).collect::<Vec<_>>()
    };
    assert_eq!(errors("monitoring]\nnetworks: { monitoring: { external: true } }"), Vec::<String>::new());
    assert_eq!(
        errors("montoring]\nnetworks: { monitoring: { external: true } }"),
        ["unknown-name: did you mean `monitoring`?"]
    );
    assert_eq!(errors("far]"), ["unknown-name: declare it: `networks: { far: { external: true } }`"]);
    assert_eq!(errors("gateway]"), ["unsupported: write `needs: [gateway]`, or `egress: true` for a way out"]);
}

#[test]
fn what_an_exception_lifts_for_a_volume_stands_beside_it_and_breaks_no_rule() {
    let spec = with(
        "volumes: { data: { options: { type: xfs, device: /dev/sdb1 }, exceptions: [{ rule: host-volume, reason: a disk of its own }] } }",
    );
    let sandbox = Sandbox::smallest("exception").file("forge.yaml", spec);
    sandbox.generate();
    let text = sandbox.read("compose.yaml");
    assert!(
        text.contains(
            "  # exception host-volume: a disk of its own\n  data: { driver_opts: { device: /dev/sdb1, type: xfs } }\n"
        ),
        "{text}"
    );
    assert_eq!(sandbox.run(&["diff", "--check"]).code, 0);
    let said = sandbox.run(&["lint", "compose.yaml"]);
    assert!(said.code == 1 && said.stdout.contains("host-volume"), "{}", said.text());
}

const LOGS: &str = r#"    logging: { driver: fluentd, options: { fluentd-address: "logs.example.com:24224", tag: "$app.{{.Name}}" } }
    needs: [db]
    migrate: { command: [python, -m, migrate] }
  web: { from: api, command: [python, -m, web], port: 9000, logging: { max_files: 9, labels: [com.example.team] } }
defaults: { logging: { max_size: 20M } }
backings: { db: { kind: postgres, version: "18", logging: { driver: local, options: { compress: "false" } } } }
environments:
  staging:
    overlay:
      defaults: { logging: { driver: syslog, max_size: null, options: { syslog-address: "udp://10.0.0.9:514" } } }
      services: { api: { logging: null }, web: { logging: { max_files: null } } }
"#;

#[test]
fn logs_go_where_the_spec_says_and_to_files_with_bounds_where_it_says_nothing() {
    let sandbox = Sandbox::smallest("logs").file("forge.yaml", format!("{SMALLEST}{LOGS}"));
    sandbox.generate();
    let lines = |file: &str| {
        let mut service = String::new();
        let mut found = String::new();
        let mut inside = false;
        for line in sandbox.read(file).lines() {
            if let Some(name) = line.strip_prefix("  ").filter(|it| !it.starts_with([' ', '#']) && it.ends_with(':')) {
                service = name.to_owned();
            }
            let depth = line.len() - line.trim_start().len();
            inside = line.trim_start().starts_with("logging:") || (inside && depth > 4);
            if inside {
                found += &format!("{service} {}\n", line.trim());
            }
        }
        found
    };
    assert_data_eq!(
        lines("compose.yaml"),
        str![[r#"
logging: logging:
api: logging:
api: driver: fluentd
api: options:
api: fluentd-address: logs.example.com:24224
api: fluentd-async: "true"
api: fluentd-sub-second-precision: "true"
api: labels: com.docker.compose.project,com.docker.compose.service
api: max-buffer-size: 4m
api: mode: non-blocking
api: tag: "$$app.{{.Name}}"
api-migrate: logging:
api-migrate: driver: fluentd
api-migrate: options:
api-migrate: fluentd-address: logs.example.com:24224
api-migrate: fluentd-async: "true"
api-migrate: fluentd-sub-second-precision: "true"
api-migrate: labels: com.docker.compose.project,com.docker.compose.service
api-migrate: max-buffer-size: 4m
api-migrate: mode: non-blocking
api-migrate: tag: "$$app.{{.Name}}"
db: logging: { driver: local, options: { compress: "false", max-file: "5", max-size: 10m } }
web: logging:
web: driver: json-file
web: options: { labels: "com.docker.compose.project,com.docker.compose.service,com.example.team", max-file: "9", max-size: 20m }

"#]]
    );
    assert_data_eq!(
        lines("compose.staging.yaml"),
        str![[r#"
api: logging:
api: driver: syslog
api: options:
api: labels: com.docker.compose.project,com.docker.compose.service
api: max-buffer-size: 4m
api: mode: non-blocking
api: syslog-address: udp://10.0.0.9:514
api: syslog-format: rfc5424micro
api: tag: "{{.Name}}"
api-migrate: logging:
api-migrate: driver: syslog
api-migrate: options:
api-migrate: labels: com.docker.compose.project,com.docker.compose.service
api-migrate: max-buffer-size: 4m
api-migrate: mode: non-blocking
api-migrate: syslog-address: udp://10.0.0.9:514
api-migrate: syslog-format: rfc5424micro
api-migrate: tag: "{{.Name}}"
web: logging:
web: driver: syslog
web: options:
web: labels: com.docker.compose.project,com.docker.compose.service,com.example.team
web: max-buffer-size: 4m
web: mode: non-blocking
web: syslog-address: udp://10.0.0.9:514
web: syslog-format: rfc5424micro
web: tag: "{{.Name}}"

"#]]
    );
    let said = sandbox.run(&["explain", "services.api.logging"]);
    assert!(said.stdout.starts_with("services.api.logging: fluentd, fluentd-address logs"), "{}", said.text());
}

#[test]
fn what_is_said_of_a_network_or_volume_holds_where_there_is_one() {
    // With a debugger, nobody else is on the network of `web` in development, and its volume is another one there.
    let more = "networks: { api: { subnet: 10.5.0.0/24 } }\nvolumes: { data: { labels: { a: b } } }\nenvironments: { development: { overlay: { networks: { api: { subnet: null } }, services: { api: { writable: { /data: { volume: other } } }, web: { needs: [db] } } } } }";
    let (_, them) = told(&with(more));
    let errors: Vec<_> = them.iter().filter(|it| it.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn a_debugger_is_there_where_an_environment_wants_one_and_nowhere_else() {
    let more = "  web: { from: api, command: [uvicorn, \"app:app\"], port: 9000 }\nenvironments: { development: { debug: { api: {}, web: { port: 5679 } } } }\n";
    let sandbox = Sandbox::smallest("debug").file("forge.yaml", format!("{SMALLEST}{more}"));
    sandbox.generate();
    assert!(!sandbox.read("compose.yaml").contains("debugpy"));
    let text = sandbox.read("compose.development.yaml");
    for part in [
        "    # on this host alone; 5678: a debugger, which needs `debugpy` among the dependencies\n    ports:\n      - \"127.0.0.1:5678:5678\"\n",
        "    command: [python, -m, debugpy, --listen, \"0.0.0.0:5678\", -m, app]\n",
        "      - \"127.0.0.1:5679:5678\"\n",
        "    command: [python, -m, debugpy, --listen, \"0.0.0.0:5678\", -m, uvicorn, app:app, --reload]\n",
        "  api-loopback:",
    ] {
        assert!(text.contains(part), "no {part}\nin {text}");
    }
}
