//! Locations that lead out of their folder.

use super::nginx::Nginx;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "alias-traversal",
    severity: Severity::Error,
    message: "`..` right after the location leads out of the folder",
    help: "end the location with a slash where the alias ends with one: `/static../secret` otherwise becomes `/srv/static/../secret`",
    lifted: Lifted::Quiet,
    bad: "\
server {
    listen 127.0.0.1:8080;
    location /static { alias /srv/static/; }
}
",
    good: "\
server {
    listen 127.0.0.1:8080;
    location /static/ { alias /srv/static/; }
}
",
    check: Check::Nginx(check),
};

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    for location in nginx.all("location") {
        let path = match location.args.as_slice() {
            [path] => path.text.as_str(),
            [modifier, path] if modifier.text == "^~" => path.text.as_str(),
            _ => continue,
        };
        if let Some(alias) = location.get("alias").filter(|it| it.value().ends_with('/') && !path.ends_with('/')) {
            found.at(&alias.bytes);
        }
    }
}
