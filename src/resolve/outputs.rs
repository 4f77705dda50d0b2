//! What those who need something can learn of it, and texts that are put together from that.

use std::collections::BTreeMap;

/// An output, filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) text: String,
    /// The secret's name.
    pub(super) secret: Option<String>,
    /// The secret whose file this names.
    pub(super) file_of: Option<String>,
}

/// Why something cannot be learned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lack {
    /// There is no output of this name.
    Unknown(String),
    /// The text cannot be put together: what is wrong with it, and what to write.
    Text(String, &'static str),
}

const URL: &str = "write the password once, in a URL: `scheme://{user}:{password}@{host}:{port}/{database}`";

/// The output called `asked`, or a text with outputs in braces:
/// `postgresql+asyncpg://{user}:{password}@{host}:{port}/{database}`.
///
/// # Errors
/// An output is not there, or a password would stand where the entrypoint cannot put it.
pub(super) fn learn(outputs: &BTreeMap<String, Told>, asked: &str) -> Result<Told, Lack> {
    let find = |name: &str| outputs.get(name).ok_or_else(|| Lack::Unknown(name.to_owned()));
    if !asked.contains(['{', '}']) {
        return find(asked).cloned();
    }
    if asked.contains(char::is_control) {
        return Err(Lack::Text("it holds a control character".to_owned(), "write it in one line"));
    }
    let mut whole = Told { text: String::new(), secret: None, file_of: None };
    let mut rest = asked;
    while let Some((before, after)) = rest.split_once('{') {
        whole.text += before;
        let unclosed = || Lack::Text("a `{` has no `}`".to_owned(), "write the name of an output in braces: `{host}`");
        let (name, after) = after.split_once('}').ok_or_else(unclosed)?;
        let told = find(name)?;
        match &told.secret {
            None => whole.text += &told.text,
            Some(_) if !told.text.is_empty() => {
                return Err(Lack::Text(format!("`{name}` has a password of its own"), URL));
            }
            Some(secret) => {
                // The entrypoint puts it before the first `@`, encoded where it has to be: elsewhere its characters could mean something.
                let is_in_a_url = whole.text.contains("://") && !whole.text.contains('@') && after.starts_with('@');
                if whole.secret.is_some() || !is_in_a_url || whole.text.pop() != Some(':') {
                    return Err(Lack::Text(format!("`{{{name}}}` cannot stand there"), URL));
                }
                whole.secret = Some(secret.clone());
            }
        }
        whole.file_of = whole.file_of.or_else(|| told.file_of.clone());
        rest = after;
    }
    if rest.contains('}') {
        return Err(Lack::Text("a `}` has no `{`".to_owned(), "write the name of an output in braces: `{host}`"));
    }
    whole.text += rest;
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::{Lack, Told, learn};
    use std::collections::BTreeMap;

    fn outputs() -> BTreeMap<String, Told> {
        let told = |text: &str, secret: bool| Told {
            text: text.to_owned(),
            secret: secret.then(|| "DB_PASSWORD".to_owned()),
            file_of: text.starts_with('/').then(|| "DB_PASSWORD".to_owned()),
        };
        let all = [
            ("host", told("db", false)),
            ("user", told("shop", false)),
            ("password", told("", true)),
            ("password_file", told("/run/secrets/DB_PASSWORD", false)),
            ("url", told("postgresql://shop@db/shop", true)),
        ];
        all.into_iter().map(|(name, it)| (name.to_owned(), it)).collect()
    }

    #[test]
    fn a_text_is_put_together_from_outputs() {
        let told = learn(&outputs(), "jdbc:postgresql://{host}/x?f={password_file}").expect("it can be");
        assert_eq!(told.text, "jdbc:postgresql://db/x?f=/run/secrets/DB_PASSWORD");
        assert_eq!((told.secret.as_deref(), told.file_of.as_deref()), (None, Some("DB_PASSWORD")));
        let told = learn(&outputs(), "postgresql+asyncpg://{user}:{password}@{host}/x").expect("it can be");
        assert_eq!(
            (told.text.as_str(), told.secret.as_deref()),
            ("postgresql+asyncpg://shop@db/x", Some("DB_PASSWORD"))
        );
        assert_eq!(learn(&outputs(), "redis://:{password}@{host}").expect("it can be").text, "redis://@db");
        assert_eq!(learn(&outputs(), "host"), Ok(outputs()["host"].clone()));
    }

    #[test]
    fn what_cannot_be_put_together_is_refused() {
        assert_eq!(learn(&outputs(), "{hots}"), Err(Lack::Unknown("hots".to_owned())));
        for odd in [
            "{host",
            "host}",
            "{}",
            "{host}\n",
            "{password}",
            "x:{password}@h",
            "s://u:{password}",
            "s://u{password}@h",
            "s://a@b:{password}@h",
            "s://u:{password}@h:{password}@h",
            "see {url}",
            "{{host}}",
        ] {
            assert!(learn(&outputs(), odd).is_err(), "{odd:?}");
        }
    }
}
