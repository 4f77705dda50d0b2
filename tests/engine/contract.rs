//! The hardening contract, of every container of a project and of its networks.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use super::container::Container;
use super::proof::{Proof, docker, ensure, fails, lacks, same, within};
use super::stack::{Compose, Stack};

/// One or several facts about each container, and those about all of them together.
pub(super) fn prove(stack: &Stack, compose: &Compose, secrets: &[impl AsRef<str>]) {
    stack.prove("all are healthy", || within(30, || all_are_healthy(compose)));
    let containers = stack.do_or_fail("the containers can be listed", compose.containers());
    for container in &containers {
        let service = &container.service;
        if !container.is_running() {
            stack.prove(format!("{service}: hardened as the others, and not started again"), || {
                hardened(container, "no")
            });
            continue;
        }
        stack.prove(
            format!(
                "{service}: read-only, no capabilities, no new privileges, limits, reservations, probe, rotated log"
            ),
            || hardened(container, "unless-stopped"),
        );
        stack.prove(
            format!("{service}: inside, a number that is not root, without capabilities; PID 1 is a server or an init"),
            || powerless(container, &[]),
        );
        stack.prove(format!("{service}: inside, the limits of memory and processes hold"), || limits_hold(container));
        stack.prove(format!("{service}: nothing writable but its tmpfs, noexec,nosuid,nodev, and its volumes"), || {
            little_is_writable(container)
        });
        stack.prove(format!("{service}: its tmpfs together are smaller than its memory"), || tmpfs_fits(container));
    }
    stack.prove("only the gateway publishes ports", || only_the_gateway_publishes(compose));
    stack.prove("only the gateway is on a network that is not internal", || only_the_gateway_is_outside(compose));
    stack.prove("no way in from the host but through the gateway", || no_way_in(compose));
    stack.prove("no way out but from the gateway", || no_way_out(&containers));
    stack
        .prove("no secret in docker inspect, docker top, history or logs", || no_secret_in_sight(&containers, secrets));
    stack.prove("nobody complains of what the contract forbids", || nobody_complains(&containers));
    stack.prove("no volume without a name", || volumes_have_names(&containers, &compose.project));
}

/// Each has a probe, and it succeeds.
fn all_are_healthy(compose: &Compose) -> Proof {
    let containers = compose.containers()?;
    let mut running = containers.iter().filter(|it| it.is_running());
    running.try_for_each(|it| ensure(it.health() == "healthy", format!("{}: {}", it.name, it.health())))
}

pub(super) fn hardened(container: &Container, restart: &str) -> Proof {
    let host = &container.json["HostConfig"];
    let found = [
        ("ReadonlyRootfs", "true"),
        ("Privileged", "false"),
        ("CapDrop", r#"["ALL"]"#),
        ("SecurityOpt", r#"["no-new-privileges:true"]"#),
        ("IpcMode", r#""private""#),
        ("PidMode", r#""""#),
        ("UsernsMode", r#""""#),
    ];
    for (key, wanted) in found {
        ensure(format!("{}", host[key]) == wanted, format!("{key} is {}, wanted {wanted}", host[key]))?;
    }
    let added = host["CapAdd"].as_array().map_or(0, Vec::len);
    ensure(added == 0, format!("CapAdd is {}", host["CapAdd"]))?;
    for key in ["NanoCpus", "Memory", "MemoryReservation", "PidsLimit"] {
        ensure(host[key].as_i64().is_some_and(|it| it > 0), format!("{key} is {}", host[key]))?;
    }
    same(host["RestartPolicy"]["Name"].as_str(), Some(restart))?;
    same(host["LogConfig"]["Type"].as_str(), Some("json-file"))?;
    ensure(
        host["LogConfig"]["Config"]["max-size"].is_string(),
        format!("the log is not rotated: {}", host["LogConfig"]),
    )?;
    lacks(&container.json["Mounts"].to_string(), "docker.sock")
}

/// What engines and images call a process that is made to be PID 1.
const FIRST: [&str; 7] = ["docker-init", "tini", "gunicorn", "nginx", "postgres", "redis-server", "valkey-server"];

/// `others` may be PID 1, too.
pub(super) fn powerless(container: &Container, others: &[String]) -> Proof {
    let status = container.read("/proc/1/status")?;
    let line = |key: &str| {
        let line = status.lines().find_map(|it| it.strip_prefix(key)?.strip_prefix(':'));
        line.unwrap_or_default().split_whitespace().collect::<Vec<_>>()
    };
    for capabilities in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        ensure(line(capabilities) == ["0000000000000000"], format!("{capabilities} in\n{status}"))?;
    }
    ensure(line("NoNewPrivs") == ["1"], format!("NoNewPrivs in\n{status}"))?;
    ensure(!line("Uid").contains(&"0"), format!("root, in\n{status}"))?;
    let user = container.json["Config"]["User"].as_str().unwrap_or_default();
    let numbers: Vec<_> = user.split(':').map(str::parse::<u32>).collect();
    ensure(
        numbers.len() == 2 && numbers.iter().all(|it| it.as_ref().is_ok_and(|it| *it > 0)),
        format!("the user is {user:?}"),
    )?;
    let first = line("Name").concat();
    ensure(FIRST.contains(&first.as_str()) || others.contains(&first), format!("PID 1 is {first:?}"))
}

/// As the kernel has them; the older kind of control groups has a folder for each resource.
fn limits_hold(container: &Container) -> Proof {
    let memory = container.shell("cd /sys/fs/cgroup && cat memory.max || cat memory/memory.limit_in_bytes")?;
    same(memory.trim(), container.json["HostConfig"]["Memory"].to_string().as_str())?;
    let processes = container.shell("cd /sys/fs/cgroup && cat pids.max || cat pids/pids.max")?;
    same(processes.trim(), container.json["HostConfig"]["PidsLimit"].to_string().as_str())
}

fn little_is_writable(container: &Container) -> Proof {
    let tried = container.shell(
        "for it in /x /etc/x /usr/x /bin/x /run/x /run/secrets/x; do touch $it 2>/dev/null && echo $it; done; true",
    )?;
    same(tried.as_str(), "")?;
    little_is_mounted_writable(container)
}

/// The root is read-only, and each tmpfs is bounded and nobody else's.
pub(super) fn little_is_mounted_writable(container: &Container) -> Proof {
    let mounts = container.read("/proc/1/mounts")?;
    let root = mounts.lines().find(|it| it.split(' ').nth(1) == Some("/")).unwrap_or_default();
    ensure(root.split(' ').nth(3).is_some_and(|it| it.split(',').any(|it| it == "ro")), format!("the root: {root:?}"))?;
    for tmpfs in container.tmpfs() {
        // /var/run is a link to /run in Debian's images
        let path = tmpfs.path.replacen("/var/run", "/run", 1);
        let mount =
            mounts.lines().map(|it| it.split(' ').collect::<Vec<_>>()).find(|it| it[1] == tmpfs.path || it[1] == path);
        let Some(mount) = mount else { return Err(format!("{} is not mounted:\n{mounts}", tmpfs.path)) };
        let options: Vec<&str> = mount[3].split(',').collect();
        for wanted in ["noexec", "nosuid", "nodev"] {
            ensure(options.contains(&wanted), format!("no {wanted}: {mount:?}"))?;
        }
        ensure(options.iter().any(|it| it.starts_with("size=")), format!("without a size: {mount:?}"))?;
        let mode = options.iter().find_map(|it| it.strip_prefix("mode="));
        ensure(matches!(mode, Some("700" | "750" | "755")), format!("others may write: {mount:?}"))?;
    }
    Ok(())
}

pub(super) fn tmpfs_fits(container: &Container) -> Proof {
    let memory = container.json["HostConfig"]["Memory"].as_u64().unwrap_or_default();
    let sizes: Option<Vec<u64>> = container.tmpfs().iter().map(|it| it.size()).collect();
    let Some(sizes) = sizes else { return Err("a tmpfs without a size".to_string()) };
    ensure(sizes.iter().sum::<u64>() < memory, format!("{sizes:?} in {memory}"))
}

/// The services that ask for a port of the host, and at which address. What a service on internal networks asks for is
/// not done, silently; it should not ask.
pub(super) fn published(compose: &Compose) -> Proof<BTreeSet<(String, String)>> {
    let mut published = BTreeSet::new();
    for container in compose.containers()? {
        let ports = container.json["HostConfig"]["PortBindings"].as_object().cloned().unwrap_or_default();
        for binding in ports.values().filter_map(Value::as_array).flatten() {
            published.insert((container.service.clone(), binding["HostIp"].as_str().unwrap_or_default().to_string()));
        }
    }
    Ok(published)
}

fn only_the_gateway_publishes(compose: &Compose) -> Proof {
    let services: BTreeSet<String> = published(compose)?.into_iter().map(|(service, _)| service).collect();
    same(services, BTreeSet::from(["gateway".to_string()]))
}

fn only_the_gateway_is_outside(compose: &Compose) -> Proof {
    let networks = compose.networks()?;
    let outside: Vec<&str> =
        networks.iter().filter(|it| it["Internal"] != true).filter_map(|it| it["Name"].as_str()).collect();
    let gateway = format!("{}_gateway", compose.project);
    same(&outside[..], &[gateway.as_str()][..])?;
    for container in compose.containers()? {
        let is_outside = container.networks(&compose.project).contains(&"gateway".to_string());
        ensure(
            is_outside == (container.service == "gateway"),
            format!("{} is on {:?}", container.name, container.networks(&compose.project)),
        )?;
    }
    Ok(())
}

/// The host has no address on the internal networks' bridges, and so no route into them.
fn no_way_in(compose: &Compose) -> Proof {
    let routes = fs::read_to_string("/proc/net/route").map_err(|error| format!("/proc/net/route: {error}"))?;
    for network in compose.networks()?.iter().filter(|it| it["Internal"] == true) {
        let bridge = format!("br-{}", &network["Id"].as_str().unwrap_or_default()[..12]);
        ensure(
            fs::exists(format!("/sys/class/net/{bridge}")).unwrap_or(false),
            format!("no {bridge} for {}", network["Name"]),
        )?;
        lacks(&routes, &bridge)?;
    }
    Ok(())
}

/// No default route.
fn no_way_out(containers: &[Container]) -> Proof {
    for container in containers.iter().filter(|it| it.is_running() && it.service != "gateway") {
        let routes = container.inside(&["cat", "/proc/net/route"])?;
        let default = routes.lines().find(|it| it.split('\t').nth(1) == Some("00000000"));
        ensure(default.is_none(), format!("{}: {default:?}", container.name))?;
    }
    Ok(())
}

pub(super) fn no_secret_in_sight(containers: &[Container], secrets: &[impl AsRef<str>]) -> Proof {
    let mut sight = String::new();
    for container in containers {
        sight += &container.json.to_string();
        sight += &docker(["history", "--no-trunc", container.json["Image"].as_str().unwrap_or_default()])?;
        sight += &container.all_logs();
        if container.is_running() {
            sight += &docker(["top", container.id(), "-eo", "pid,args"])?;
        }
    }
    let sight = sight.to_lowercase();
    for secret in secrets {
        for form in forms(secret.as_ref()) {
            lacks(&sight, &form).map_err(|_| format!("{form:?} shows"))?;
        }
    }
    Ok(())
}

/// A secret as it is and as JSON has it, and byte by byte as in a URL, in Redis' configuration (in JSON as well) and in a
/// dump; in small letters.
fn forms(secret: &str) -> [String; 6] {
    let bytes = |before: &str| secret.bytes().map(|it| format!("{before}{it:02x}")).collect::<String>();
    let json = serde_json::to_string(secret).expect("a string is JSON").trim_matches('"').to_string();
    [secret.to_lowercase(), json.to_lowercase(), bytes("%"), bytes(r"\x"), bytes(r"\\x"), bytes("")]
}

/// A program that wants to write or to do what it may not has to be told so, or be given a place.
pub(super) fn nobody_complains(containers: &[Container]) -> Proof {
    for container in containers {
        let logs = container.all_logs();
        for complaint in ["Read-only file system", "Permission denied", "Operation not permitted", "EROFS", "EACCES"] {
            let line = logs.lines().find(|it| it.contains(complaint));
            ensure(line.is_none(), format!("{}: {}", container.name, line.unwrap_or_default()))?;
        }
    }
    Ok(())
}

pub(super) fn volumes_have_names(containers: &[Container], project: &str) -> Proof {
    for container in containers {
        for mount in container.json["Mounts"].as_array().into_iter().flatten().filter(|it| it["Type"] == "volume") {
            let name = mount["Name"].as_str().unwrap_or_default();
            ensure(name.starts_with(&format!("{project}_")), format!("{}: {mount}", container.name))?;
        }
    }
    Ok(())
}

/// The code of an image is not for its own user to write. Asked of the image in a container that is not read-only, for
/// in one that is, nothing seems writable.
pub(super) fn code_is_not_writable(container: &Container, folders: &[&str], but: &str) -> Proof {
    let image = container.json["Image"].as_str().unwrap_or_default();
    let run = ["run", "--rm", "--network", "none", "--label", "forge.test=code", "--entrypoint", "find", image];
    let writable = ["!", "-type", "l", "!", "-path", but, "(", "-writable", "-o", "-uid", "10001", ")"];
    let found = docker(run.iter().chain(folders).chain(&writable).copied())?;
    same(found.as_str(), "")
}

/// No package manager and no compiler is left in an image.
pub(super) fn has_no_tools(container: &Container) -> Proof {
    let tools = "pip pip3 uv npm npx yarn corepack gcc cc make";
    let found = container.shell(&format!("for it in {tools}; do command -v $it; done; true"))?;
    same(found.as_str(), "")?;
    fails(container.inside(&["python", "-c", "import pip"]), "pip can be imported")
}

/// All of `compose`, or only `services`: each ends on its own, within its grace period and its memory.
pub(super) fn stops(compose: &Compose, services: &[&str]) -> Proof {
    ends_with(compose, services, &[0, 143])
}

/// The same, for programs that end with one of these `codes`.
pub(super) fn ends_with(compose: &Compose, services: &[&str], codes: &[i64]) -> Proof {
    compose.run(&[&["stop"], services].concat())?;
    for container in compose.containers()?.iter().filter(|it| services.is_empty() || services.contains(&&*it.service)) {
        let state = &container.json["State"];
        let clean = state["ExitCode"].as_i64().is_some_and(|it| codes.contains(&it)) && state["OOMKilled"] == false;
        ensure(clean, format!("{}: {state}\n{}", container.name, container.logs()))?;
    }
    Ok(())
}
