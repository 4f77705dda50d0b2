//! Sources of mounts that the engine makes up.

use super::compose::{Service, below, is};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "create-host-path",
    severity: Severity::Warning,
    message: "if the source is not there, it becomes an empty folder of root's",
    help: "write the long form with `bind: { create_host_path: false }`: a missing file is then an error, and not a folder of its name",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1", volumes: ["./config:/config:ro"] }
"#,
    good: r#"name: shop
services:
  api:
    image: "api:1"
    volumes:
      - { type: bind, source: ./config, target: /config, read_only: true, bind: { create_host_path: false } }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    for mount in service.mounts.iter().filter(|it| it.kind == "bind") {
        let is_off = mount.long.is_some_and(|it| is(below(it, "bind.create_host_path"), false));
        // Sockets and devices are not the engine's to make, and are other rules' business.
        if !is_off && !mount.source.ends_with(".sock") && !mount.source.starts_with("/dev/") {
            found.at(&mount.bytes);
        }
    }
}
