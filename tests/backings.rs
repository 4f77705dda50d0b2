//! Backings of a spec: as whom services come to them, in which order, and what of them is somebody else's.

use std::collections::BTreeMap;

use serde_json::Value;

use super::sandbox::Sandbox;

/// The services of compose.yaml for a spec whose services and backings are `more`.
fn services(name: &str, more: &str) -> BTreeMap<String, Value> {
    let spec = format!("forge: 1\nname: shop\n{more}");
    let sandbox = Sandbox::new(name).file("forge.yaml", spec).file("api/requirements.txt", "");
    sandbox.generate();
    let text = std::fs::read_to_string(sandbox.path("compose.yaml")).expect("it was written");
    let compose: Value = serde_yaml::from_str(&text).expect("it is YAML");
    serde_json::from_value(compose["services"].clone()).expect("services are a map")
}

/// A service that is built, with `more` in it.
fn api(name: &str, more: &str) -> String {
    format!(
        "  {name}:\n    build: {{ stack: python, context: ./api }}\n    command: [python, -m, app]\n    port: 8000\n{more}"
    )
}

const URL: &str = "    needs: { db: { environment: { DATABASE_URL: url } } }\n";
const MIGRATE: &str = "    migrate: { command: [python, -m, migrate] }\n";
const POSTGRES: &str = "backings: { db: { kind: postgres } }\n";

fn url(service: &Value) -> &str {
    service["environment"]["DATABASE_URL"].as_str().unwrap_or_default()
}

#[test]
fn a_migration_comes_as_the_owner_and_its_service_does_not() {
    let them = services("roles", &format!("services:\n{}{POSTGRES}", api("api", &(URL.to_owned() + MIGRATE))));
    assert_eq!(url(&them["api"]), "postgresql://shop@db:5432/shop");
    assert_eq!(url(&them["api-migrate"]), "postgresql://shop_owner@db:5432/shop");
    assert_eq!(them["api"]["secrets"], serde_json::json!(["DB_PASSWORD"]));
    let borrowed = serde_json::json!([{ "source": "DB_OWNER_PASSWORD", "target": "DB_PASSWORD" }]);
    assert_eq!(them["api-migrate"]["secrets"], borrowed);
}

#[test]
fn where_nobody_migrates_services_are_the_owner() {
    let them = services("owner", &format!("services:\n{}{POSTGRES}", api("api", URL)));
    assert_eq!(url(&them["api"]), "postgresql://shop_owner@db:5432/shop");
}

#[test]
fn a_need_says_as_whom_it_comes() {
    let needs = "    needs: { db: { role: reader, environment: { DATABASE_URL: url } } }\n";
    let them = services("reader", &format!("services:\n{}{POSTGRES}", api("api", needs)));
    assert_eq!(url(&them["api"]), "postgresql://shop_reader@db:5432/shop");
    let spec = format!("forge: 1\nname: shop\nservices:\n{}{POSTGRES}", api("api", &needs.replace("reader", "raeder")));
    let said = Sandbox::new("raeder").file("forge.yaml", spec).file("api/requirements.txt", "").run(&["validate"]);
    assert!(said.code == 1 && said.text().contains("did you mean `reader`?"), "{}", said.text());
}

#[test]
fn migrations_of_one_database_run_in_the_order_that_is_declared() {
    let second = MIGRATE.replace(" }", ", after: [api] }");
    let both = api("api", &(URL.to_owned() + MIGRATE)) + &api("jobs", &(URL.to_owned() + &second));
    let them = services("after", &format!("services:\n{both}{POSTGRES}"));
    let wait = &them["jobs-migrate"]["depends_on"]["api-migrate"]["condition"];
    assert_eq!(wait, "service_completed_successfully");
    assert!(them["api-migrate"]["depends_on"]["jobs-migrate"].is_null());
}

#[test]
fn a_database_of_somebody_else_has_no_container() {
    let backing = "backings: { db: { kind: postgres, external: { host: db.example.com, user: me, tls: true } } }\n";
    let them = services("external", &format!("services:\n{}{backing}", api("api", URL)));
    assert!(!them.contains_key("db"));
    assert_eq!(url(&them["api"]), "postgresql://me@db.example.com:5432/shop?sslmode=verify-full");
    assert_eq!(them["api"]["secrets"], serde_json::json!(["DB_PASSWORD"]));
    assert!(them["api"]["depends_on"].is_null(), "{}", them["api"]);
}

#[test]
fn tls_with_somebody_else_has_its_port_and_is_refused_where_nobody_would_hear_of_it() {
    let broker = "backings: { db: { kind: rabbitmq, external: { host: mq.example.com, tls: true } } }\n";
    let them = services("amqps", &format!("services:\n{}{broker}", api("api", URL)));
    assert_eq!(url(&them["api"]), "amqps://shop@mq.example.com:5671/shop");
    let own = broker.replace("tls: true", "tls: true, port: 7000");
    let them = services("own-port", &format!("services:\n{}{own}", api("api", URL)));
    assert_eq!(url(&them["api"]), "amqps://shop@mq.example.com:7000/shop");
    let spec = format!("forge: 1\nname: shop\nservices:\n{}{}", api("api", URL), broker.replace("rabbitmq", "mysql"));
    let said = Sandbox::new("mysql-tls").file("forge.yaml", spec).folder("api").run(&["validate"]).stdout;
    assert!(
        said.contains("error[no-effect]: nothing that services learn of MySQL says whether TLS is spoken"),
        "{said}"
    );
}

#[test]
fn an_application_has_no_root_key_of_minio() {
    let backing = "backings: { files: { kind: minio } }\n";
    let them = services("minio", &format!("services:\n{}{backing}", api("api", "    needs: [files]\n")));
    assert_eq!(them["api"]["secrets"], serde_json::json!(["FILES_PASSWORD"]));
    assert_eq!(them["api"]["environment"]["FILES_KEY_ID"], "shop");
    assert_eq!(them["files"]["environment"]["MINIO_ROOT_PASSWORD_FILE"], "/run/secrets/FILES_ROOT_PASSWORD");
    let waits = &them["api"]["depends_on"]["files-key"]["condition"];
    assert_eq!(waits, "service_completed_successfully");
}

#[test]
fn no_more_connections_than_fit() {
    let connections = |memory: &str| {
        let limits = format!("resources: {{ limits: {{ memory: {memory} }}, reservations: {{ memory: 64M }} }}");
        let backing = format!("backings: {{ db: {{ kind: postgres, {limits} }} }}\n");
        let them = services("connections", &format!("services:\n{}{backing}", api("api", URL)));
        let words = them["db"]["command"].as_array().expect("it is a list").clone();
        let found = words.iter().find_map(|it| it.as_str()?.strip_prefix("--max_connections=").map(str::to_owned));
        found.expect("it says how many")
    };
    assert_eq!(["128M", "512M", "4G"].map(connections), ["12", "51", "100"]);
}

/// What the entrypoint of a service with a database makes of `environment`: what it prints.
fn entered(environment: &[(&str, &str)]) -> String {
    let spec = format!("forge: 1\nname: shop\nservices:\n{}{POSTGRES}", api("api", URL));
    let sandbox = Sandbox::new("entered").file("forge.yaml", spec).file("api/requirements.txt", "");
    sandbox.generate();
    let sandbox = sandbox.file("secrets/DB_OWNER_PASSWORD", "p@ss");
    let script = sandbox.read("api/docker-entrypoint.sh");
    let script = script.replace("/run/secrets", &sandbox.path("secrets").display().to_string());
    sandbox.write("entrypoint.sh", script);
    let mut shell = std::process::Command::new("sh");
    shell.arg(sandbox.path("entrypoint.sh")).args(["printenv", "DATABASE_URL"]);
    let ended = shell.envs(environment.iter().copied()).output().expect("there is a shell");
    String::from_utf8_lossy(&ended.stdout).into_owned() + &String::from_utf8_lossy(&ended.stderr)
}

#[test]
fn a_password_goes_into_the_url_that_is_made_for_it_alone() {
    assert_eq!(entered(&[("DATABASE_URL", "postgresql://shop@db/x")]), "postgresql://shop:%70%40%73%73@db/x\n");
    for own in ["postgres://x", "postgresql://me:mine@db/x", "file:x"] {
        assert_eq!(entered(&[("DATABASE_URL", own)]), format!("{own}\n"));
    }
}

/// The compiled entrypoint of a service of this stack that needs a database.
fn compiled(stack: &str, file: &str) -> (Sandbox, String) {
    let service = "  api:\n    build: { stack: STACK, context: ./api }\n    port: 8000\n".replace("STACK", stack);
    let spec = format!("forge: 1\nname: shop\nservices:\n{service}{URL}{POSTGRES}");
    let sandbox = Sandbox::new("compiled").file("forge.yaml", spec).folder("api");
    sandbox.generate();
    let text = sandbox.read(&format!("api/{file}"));
    (sandbox, text)
}

#[test]
fn line_ends_alone_are_no_secret_for_compiled_entrypoints_either() {
    let (_sandbox, go) = compiled("go", "docker-entrypoint.go");
    assert!(
        go.contains("len(bytes.TrimRight(value, \"\\r\\n\")) == 0") && go.contains("import (\n\t\"bytes\"\n\t\"fmt\"")
    );
    let (sandbox, rust) = compiled("rust", "docker-entrypoint.rs");
    let place = sandbox.path("secrets").display().to_string();
    sandbox.write("entrypoint.rs", rust.replace("/run/secrets", &place));
    let program = sandbox.path("entrypoint");
    let mut rustc = std::process::Command::new("rustc");
    rustc.args(["--edition", "2021", "-o"]).arg(&program).arg(sandbox.path("entrypoint.rs"));
    let built = rustc.output().expect("there is a compiler");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let sandbox = sandbox.folder("secrets");
    let entered = |value: &str| {
        sandbox.write("secrets/DB_OWNER_PASSWORD", value);
        let ended = std::process::Command::new(&program).arg("true").output().expect("it was built");
        (ended.status.success(), String::from_utf8_lossy(&ended.stderr).into_owned())
    };
    assert_eq!(entered("p\n"), (true, String::new()));
    for nothing in ["", "\n", "\r\n\n"] {
        let (went_on, said) = entered(nothing);
        assert!(!went_on && said.contains("missing or empty: ") && said.contains("DB_OWNER_PASSWORD"), "{said}");
    }
}

#[test]
fn a_bound_is_a_number_of_seconds() {
    for odd in ["x", "-1", "99999999999999999999", "1e3", "010"] {
        let said = entered(&[("DATABASE_URL", "postgresql://shop@db/x"), ("WAIT_TIMEOUT", odd)]);
        assert!(said.contains(&format!("WAIT_TIMEOUT={odd} is no number of seconds")), "{said}");
    }
}

#[test]
fn what_was_never_proven_is_said_once() {
    let spec = format!("forge: 1\nname: shop\nservices:\n{}{}", api("api", ""), api("web", ""));
    let spec = spec.replace("stack: python,", "stack: python, options: { variant: alpine },");
    let said = Sandbox::new("once").file("forge.yaml", spec).file("api/requirements.txt", "").run(&["validate"]).stdout;
    assert_eq!(said.matches("warning[unproven]").count(), 1, "{said}");
    assert!(said.contains("the same goes for `services.web`"), "{said}");
}

#[test]
fn what_cannot_run_or_be_served_is_told() {
    let told = |build: &str| {
        let spec = format!(
            "forge: 1\nname: shop\nservices:\n  web:\n    build: {{ {build}, context: ./web }}\n    port: 8080\n"
        );
        Sandbox::new("told").file("forge.yaml", spec).file("web/public/a.txt", "").run(&["validate"]).stdout
    };
    let said = told("stack: node, version: \"20\", options: { variant: distroless }");
    assert!(said.contains("process.execve") && said.contains("error[unsupported]"), "{said}");
    let said = told("stack: node, version: \"22\", options: { variant: distroless }");
    assert!(!said.contains("process.execve") && !said.contains("error["), "{said}");
    let said = told("stack: static");
    assert!(said.contains("the build reads `public/index.html`, and web has none"), "{said}");
}

#[test]
fn sources_below_src_go_before_what_is_installed() {
    let of = |options: &str| {
        let spec = format!(
            "forge: 1\nname: shop\nservices:\n  api:\n    build: {{ stack: python, context: ./api{options} }}\n    command: [python, -m, app]\n    port: 8000\nenvironments: {{ development: {{}} }}\n"
        );
        let sandbox = Sandbox::new("src").file("forge.yaml", spec).file("api/requirements.txt", "");
        let sandbox = sandbox.file("api/src/shop/main.py", "");
        let said = sandbox.generate().run(&["validate"]).stdout;
        (said, sandbox.read("compose.development.yaml"))
    };
    let (said, overlay) = of(", sources: [src]");
    assert!(overlay.contains("PYTHONPATH: /app/src") && !said.contains("no such folder"), "{said}\n{overlay}");
    let (said, overlay) = of(", options: { framework: fastapi, app: \"shop.main:app\" }");
    let missing = "`development` mounts `./api/shop` over the image's, and there is no such folder";
    assert!(said.contains(missing) && !overlay.contains("PYTHONPATH"), "{said}\n{overlay}");
}

#[test]
fn another_lockfile_is_to_blame_for_a_missing_lockfile_alone() {
    let told = |file: &str| {
        let spec =
            "forge: 1\nname: shop\nservices:\n  web:\n    build: { stack: node, context: ./web }\n    port: 8080\n";
        let sandbox = Sandbox::new("blame").file("forge.yaml", spec).file("web/yarn.lock", "");
        sandbox.file(file, "").run(&["validate"]).stdout
    };
    assert!(told("web/package.json").contains("reads `package-lock.json`, and web has none, but `yarn.lock`"));
    assert!(told("web/package-lock.json").contains("the build reads `package.json`, and web has none\n"));
}

#[test]
fn who_needs_buckets_waits_for_them() {
    let backing = "backings: { files: { kind: versitygw, options: { buckets: [uploads] } } }\n";
    let them = services("buckets", &format!("services:\n{}{backing}", api("api", "    needs: [files]\n")));
    let waits = &them["api"]["depends_on"]["files-buckets"]["condition"];
    assert_eq!(waits, "service_completed_successfully");
    assert_eq!(them["files-buckets"]["restart"], "no");
    let command = them["files-buckets"]["command"].to_string();
    assert!(command.contains("--bucket uploads"), "{command}");
}

#[test]
fn labels_stand_at_services_and_backings_and_not_at_migrations() {
    let label = "    labels: { com.example.team: shop }\n";
    let backing = "backings: { db: { kind: postgres, labels: { com.example.team: data } } }\n";
    let them = services("labels", &format!("services:\n{}{backing}", api("api", &(URL.to_owned() + MIGRATE + label))));
    assert_eq!(them["api"]["labels"]["com.example.team"], "shop");
    assert_eq!(them["db"]["labels"]["com.example.team"], "data");
    assert!(them["api-migrate"]["labels"].is_null());
}

#[test]
fn names_that_a_database_keeps_for_itself_are_refused() {
    let validated = |backing: &str| {
        let spec = format!("forge: 1\nname: shop\nservices:\n{}{backing}\n", api("api", URL));
        Sandbox::new("own-names").file("forge.yaml", spec).folder("api").run(&["validate"]).stdout
    };
    let said = validated("backings: { db: { kind: postgres, user: postgres } }");
    assert!(said.contains("error[reserved-name]: PostgreSQL keeps the user `postgres` for itself"), "{said}");
    // The user is called as the database, where nothing else is said.
    let said = validated("backings: { db: { kind: postgres, database: pg_shop } }");
    assert!(said.contains("PostgreSQL keeps the user `pg_*` for itself, and `pg_shop` would be it"), "{said}");
    let said = validated("backings: { db: { kind: mariadb, database: mysql } }");
    assert!(said.contains("MariaDB has a database `mysql` of its own"), "{said}");
    let said = validated("backings: { db: { kind: rabbitmq, user: guest } }");
    assert!(said.contains("RabbitMQ keeps the user `guest` for itself"), "{said}");
    let said = validated("backings: { db: { kind: versitygw, user: root } }");
    assert!(said.contains("Versity S3 Gateway keeps the user `root` for itself"), "{said}");
    let said = validated("backings: { db: { kind: mysql, user: a_name_that_is_not_short_at_all } }");
    let message =
        "MySQL knows no user with more than 32 characters, and `a_name_that_is_not_short_at_all_reader` has 38";
    assert!(said.contains(message), "{said}");
}

#[test]
fn a_key_of_minio_has_three_to_twenty_characters() {
    let validated = |user: &str| {
        let spec = format!(
            "forge: 1\nname: shop\nservices:\n{}backings: {{ files: {{ kind: minio, user: {user} }} }}\n",
            api("api", "    needs: [files]\n")
        );
        Sandbox::new("keys").file("forge.yaml", spec).file("api/requirements.txt", "").run(&["validate"]).stdout
    };
    let said = validated("me");
    assert!(said.contains("MinIO knows no user with fewer than 3 characters, and `me` has 2"), "{said}");
    let said = validated("a_name_of_21_letters1");
    assert!(said.contains("MinIO knows no user with more than 20 characters"), "{said}");
    for fits in ["she", "a_name_of_20_letters"] {
        assert!(!validated(fits).contains("error["), "{fits}");
    }
}

#[test]
fn roles_log_in_when_all_init_files_went_well() {
    let compose = |init: &str| {
        let backing = format!("backings: {{ db: {{ kind: postgres, options: {{ init: [{init}] }} }} }}\n");
        let spec = format!("forge: 1\nname: shop\nservices:\n{}{backing}", api("api", URL));
        let sandbox = Sandbox::new("init").file("forge.yaml", spec).file("api/requirements.txt", "").folder("db");
        sandbox.generate();
        sandbox
    };
    let plain = compose("");
    let roles = std::fs::read_to_string(plain.path("backings/db/10-roles.sh")).expect("it was written");
    assert!(roles.contains("ALTER ROLE \"shop\" LOGIN NOSUPERUSER"), "{roles}");
    assert!(!plain.path("backings/db/99-open.sh").exists());
    let all: Vec<String> = (0..60).map(|it| format!("db/{it}.sql")).collect();
    let many = compose(&all.join(", "));
    let roles = std::fs::read_to_string(many.path("backings/db/10-roles.sh")).expect("it was written");
    assert!(roles.contains("ALTER ROLE \"shop\" NOSUPERUSER"), "{roles}");
    assert!(roles.contains("docker compose --project-name shop down db && docker volume rm shop_db-data"), "{roles}");
    let open = std::fs::read_to_string(many.path("backings/db/99-open.sh")).expect("it was written");
    assert!(open.contains("ALTER ROLE \"shop_owner\" LOGIN;"), "{open}");
    let text = std::fs::read_to_string(many.path("compose.yaml")).expect("it was written");
    let compose: Value = serde_yaml::from_str(&text).expect("it is YAML");
    let configs = compose["services"]["db"]["configs"].as_array().expect("it is a list");
    let mut targets: Vec<&str> = configs.iter().filter_map(|it| it["target"].as_str()?.rsplit('/').next()).collect();
    targets.sort_unstable();
    let wanted = all.iter().enumerate().map(|(index, it)| format!("5{index:02}-{}", it.trim_start_matches("db/")));
    let wanted: Vec<String> =
        std::iter::once("10-roles.sh".to_owned()).chain(wanted).chain(["99-open.sh".to_owned()]).collect();
    assert_eq!(targets, wanted);
}

#[test]
fn what_is_said_of_a_first_start_never_names_the_volume_of_another_environment() {
    let written = |name: &str, kind: &str, init: &str| {
        let backing = format!("backings: {{ db: {{ kind: {kind}, options: {{ init: [{init}] }} }} }}\n");
        let more = "environments: { staging: {} }\n";
        let spec = format!("forge: 1\nname: shop\nservices:\n{}{backing}{more}", api("api", URL));
        let sandbox = Sandbox::new(name).file("forge.yaml", spec).file("api/requirements.txt", "");
        let sandbox = sandbox.file("db/seed.sql", "SELECT 1;");
        sandbox.generate();
        sandbox
    };
    for (kind, file) in [("postgres", "10-roles.sh"), ("mysql", "10-roles.sh"), ("mariadb", "10-roles.sql")] {
        let sandbox = written("first", kind, "db/seed.sql");
        let production = sandbox.read(&format!("backings/db/{file}"));
        let staging = sandbox.read(&format!("backings/db/staging.{file}"));
        let remedy =
            |project| format!("docker compose --project-name {project} down db && docker volume rm {project}_db-data");
        assert!(production.contains(&remedy("shop")) && !production.contains("shop-staging"), "{production}");
        assert!(staging.contains(&remedy("shop-staging")) && !staging.contains("shop_db-data"), "{staging}");
        assert!(sandbox.read("compose.staging.yaml").contains(&format!("backings/db/staging.{file}")));
        // Where nothing is said of it, environments share the file.
        assert!(!written("no-first", kind, "").path(&format!("backings/db/staging.{file}")).exists());
    }
}

#[test]
fn the_script_of_secrets_opens_init_files_and_takes_an_empty_line_for_nothing() {
    let backing = "backings: { db: { kind: postgres, options: { init: [db/seed.sql] } } }\n";
    let spec = format!("forge: 1\nname: shop\nservices:\n{}{backing}", api("api", URL));
    let sandbox = Sandbox::new("modes").file("forge.yaml", spec).file("api/requirements.txt", "");
    let sandbox = sandbox.file("db/seed.sql", "SELECT 1;").file("secrets/DB_PASSWORD", "\n");
    sandbox.generate();
    sandbox.set_mode("db/seed.sql", 0o600);
    let made = std::process::Command::new(sandbox.path("scripts/secrets")).output().expect("it runs");
    let said = String::from_utf8_lossy(&made.stdout);
    assert!(made.status.success() && said.contains("made      secrets/DB_PASSWORD\n"), "{made:?}");
    assert_eq!(sandbox.mode("db/seed.sql") & 0o777, 0o644);
}

#[test]
fn an_order_of_migrations_may_be_said_twice_and_not_in_a_circle() {
    let jobs = MIGRATE.replace(" }", ", after: [api] }");
    let mail = MIGRATE.replace(" }", ", after: [jobs, api] }");
    let three = |mail: &str| {
        api("api", &(URL.to_owned() + MIGRATE))
            + &api("jobs", &(URL.to_owned() + &jobs))
            + &api("mail", &(URL.to_owned() + mail))
    };
    let them = services("twice", &format!("services:\n{}{POSTGRES}", three(&mail)));
    assert_eq!(them["mail-migrate"]["depends_on"]["jobs-migrate"]["condition"], "service_completed_successfully");
    let validated = |services: String| {
        let spec = format!("forge: 1\nname: shop\nservices:\n{services}{POSTGRES}");
        Sandbox::new("order").file("forge.yaml", spec).folder("api").run(&["validate"]).stdout
    };
    let said = validated(three(MIGRATE));
    assert!(said.contains("error[migration-order]"), "{said}");
    let circle = api("api", &(URL.to_owned() + &mail)) + &api("jobs", &(URL.to_owned() + &jobs));
    let said = validated(circle.replace("after: [jobs, api]", "after: [jobs]"));
    assert!(said.contains("error[needs-cycle]"), "{said}");
}
