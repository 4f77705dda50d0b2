//! Volumes that are folders or devices of the host.

use super::compose::Compose;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;
use crate::volume::of_host;
use crate::yaml::Node;

pub(super) static RULE: Rule = Rule {
    name: "host-volume",
    severity: Severity::Error,
    message: "a volume is a part of the host",
    help: "let the engine keep the data, or name a share of the network: `type: nfs`, `type: cifs`",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1", volumes: ["data:/data"] }
volumes:
  data: { driver_opts: { type: none, o: bind, device: /srv } }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1", volumes: ["data:/data"] }
volumes:
  data: { driver_opts: { type: nfs, o: "addr=10.0.0.9,rw", device: ":/exports/data" } }
"#,
    check: Check::Compose(check),
};

fn check(compose: &Compose, found: &mut Found<'_>) {
    for (name, volume) in compose.root.get("volumes").into_iter().flat_map(Node::entries) {
        let Some(options) = volume.get("driver_opts") else { continue };
        let driver = volume.get("driver").and_then(Node::text).unwrap_or("local");
        if let Some(what) = of_host(driver, |option| options.get(option).and_then(Node::text)) {
            found.of(name).say(&options.key, format!("`{name}` is {what}"));
        }
    }
}
