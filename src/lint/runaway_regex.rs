//! Expressions that a short text keeps busy.

use std::ops::Range;

use super::backtracking::{Growth, growth};
use super::nginx::{Arg, Directive, Nginx};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "runaway-regex",
    severity: Severity::Error,
    message: "a short text that does not match keeps a worker busy with this expression",
    help: "write it so that a text can match in one way alone: PCRE tries all of them before it gives up, and the client chooses the text. A loop in a loop wants something between its rounds that is not in them, as in `^(?:/[^/]+)+$`, and one loop does for several of the same characters, `a+` for `(a+)+`; what PCRE may not give back is possessive, `a++`",
    lifted: Lifted::Quiet,
    bad: "\
server {
    listen 127.0.0.1:8080;
    location ~ ^/(?:[a-z]+/?)+$ { return 204; }
}
",
    good: "\
server {
    listen 127.0.0.1:8080;
    location ~ ^/[a-z]+(?:/[a-z]+)*/?$ { return 204; }
}
",
    check: Check::Nginx(check),
};

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    nginx.each(|directive, _| {
        for it in expressions(directive) {
            // nginx reads two backslashes as one.
            let wording = match growth(&it.text.replace(r"\\", r"\"), it.ignores_case) {
                Some(Growth::Exponential) => "doubles with every few characters of a text that does not match",
                Some(Growth::Cubic) => "grows with the third power of the length of a text that does not match",
                None => continue,
            };
            found.say(it.bytes, format!("the time that `{}` takes {wording}", it.text));
        }
    });
}

struct Expression<'n> {
    text: &'n str,
    ignores_case: bool,
    bytes: &'n Range<usize>,
}

/// The expressions that a directive holds against what a client sends.
fn expressions(directive: &Directive) -> Vec<Expression<'_>> {
    let args = directive.args.as_slice();
    match (directive.name.as_str(), args) {
        ("location", [modifier, path]) if matches!(modifier.text.as_str(), "~" | "~*") => {
            vec![Expression { text: &path.text, ignores_case: modifier.text == "~*", bytes: &path.bytes }]
        }
        ("location", [path]) => marked(&path.text, &path.bytes).into_iter().collect(),
        ("server_name", names) => names.iter().filter_map(|it| marked(&it.text, &it.bytes)).collect(),
        ("map", _) => directive.block.iter().flatten().filter_map(|it| marked(&it.name, &it.bytes)).collect(),
        ("rewrite" | "fastcgi_split_path_info", [path, ..]) => {
            vec![Expression { text: &path.text, ignores_case: false, bytes: &path.bytes }]
        }
        ("if", [.., operator, path, close]) if close.text == ")" => compared(operator, &path.text, &path.bytes),
        ("if", [.., operator, path]) => {
            compared(operator, path.text.strip_suffix(')').unwrap_or(&path.text), &path.bytes)
        }
        _ => Vec::new(),
    }
}

/// What begins with `~` or `~*`.
fn marked<'n>(text: &'n str, bytes: &'n Range<usize>) -> Option<Expression<'n>> {
    let text = text.strip_prefix('~')?;
    let without = text.strip_prefix('*');
    Some(Expression { text: without.unwrap_or(text), ignores_case: without.is_some(), bytes })
}

/// What stands after `operator` in a condition.
fn compared<'n>(operator: &Arg, text: &'n str, bytes: &'n Range<usize>) -> Vec<Expression<'n>> {
    match operator.text.trim_start_matches('!') {
        "~" => vec![Expression { text, ignores_case: false, bytes }],
        "~*" => vec![Expression { text, ignores_case: true, bytes }],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{File, Source, run};
    use super::RULE;

    fn found(text: &str) -> Vec<&str> {
        let findings = run(&Source::Nginx(vec![File { path: "nginx.conf", text }]));
        findings.into_iter().filter(|it| it.rule.name == RULE.name).map(|it| &text[it.bytes]).collect()
    }

    #[test]
    fn every_place_of_an_expression_is_looked_at() {
        for (text, expected) in [
            ("location ~ ^/(a+)+$ { }", "^/(a+)+$"),
            ("location ~* ^/(a|A)+$ { }", "^/(a|A)+$"),
            ("location ~^/(a+)+$ { }", "~^/(a+)+$"),
            ("location ~ \"^/(?:\\\\w+){10,}$\" { }", "\"^/(?:\\\\w+){10,}$\""),
            ("server { server_name a.example ~^(a+)+\\.example$; }", "~^(a+)+\\.example$"),
            ("map $uri $a { default 0; ~^/(a+)+$ 1; '~*^(a|A)*$' 2; ~^/(a+)$ 3; }", "~^/(a+)+$ 1|'~*^(a|A)*$' 2"),
            ("rewrite ^/(a+)+$ /b last;", "^/(a+)+$"),
            ("fastcgi_split_path_info ^((?:/a*)+)+(/.*)$;", "^((?:/a*)+)+(/.*)$"),
            ("if ($uri ~ ^/(a+)+$) { }", "^/(a+)+$)"),
            ("if ($http_user_agent !~* \"^(a|A)+$\") { }", "\"^(a|A)+$\""),
            ("if ( $uri ~ (a+)+ ) { }", "(a+)+"),
            ("location = ^/(a+)+$ { }", ""),
            ("location ~ ^/(a|A)+$ { }", ""),
            ("location /(a+)+ { }", ""),
            ("if ($uri = (a+)+) { }", ""),
            ("server_name (a+)+;", ""),
            ("map $uri $a { (a+)+ 1; }", ""),
            ("rewrite ^/api(/.*)?$ $1 break;", ""),
        ] {
            assert_eq!(found(text).join("|"), expected, "{text}");
        }
    }
}
