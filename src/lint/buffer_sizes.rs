//! Buffers that nobody measured.

use super::nginx::Nginx;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "buffer-sizes",
    severity: Severity::Warning,
    message: "how much is kept in buffers is left to chance",
    help: "write large_client_header_buffers, proxy_buffer_size and proxy_buffers, and proxy_max_temp_file_size below the size of /tmp: its default is 1 GB",
    lifted: Lifted::Quiet,
    bad: "\
server {
    listen 8080;
    location / { proxy_pass http://127.0.0.1:8000; }
}
",
    good: "\
large_client_header_buffers 4 8k;
proxy_buffer_size 16k;
proxy_buffers 8 16k;
proxy_max_temp_file_size 0;
server {
    listen 8080;
    location / { proxy_pass http://127.0.0.1:8000; }
}
",
    check: Check::Nginx(check),
};

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    let Some(server) = nginx.proxies().into_iter().next() else { return };
    let mut wanted = vec!["large_client_header_buffers"];
    if !nginx.all("proxy_pass").is_empty() {
        wanted.extend(["proxy_buffer_size", "proxy_buffers", "proxy_max_temp_file_size"]);
    }
    wanted.retain(|it| !nginx.sets(it));
    if !wanted.is_empty() {
        found.say(&server.bytes, format!("nothing sets `{}`", wanted.join("`, `")));
    }
}
