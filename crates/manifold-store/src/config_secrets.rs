//! Configs name secrets, they never hold them.

use serde_json::Value as Json;

use crate::StoreError;

/// Parts of a key that say its value is a secret, compared without case, `_` and `-`.
const SECRET_WORDS: [&str; 14] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "credential",
    "authorization",
    "bearer",
    "cookie",
    "signature",
];

/// Where a text beside secrets is none: who asks, and where the secret is put.
const NO_SECRETS: [&str; 3] = ["auth.basic.user", "auth.header.name", "auth.query.name"];

/// Checks that no secret stands in a config as a literal: every text under a key that looks like a secret's,
/// and every password inside a URL, must be made of references `${env:NAME}` or `${secret:NAME}`.
///
/// # Errors
/// [`StoreError::SecretLiteral`] with the path of the key.
pub(crate) fn check(config: &Json) -> Result<(), StoreError> {
    match literals(config).into_iter().next() {
        Some(key) => Err(StoreError::SecretLiteral { key }),
        None => Ok(()),
    }
}

/// The paths of the keys whose values are secrets as literals.
pub(crate) fn literals(config: &Json) -> Vec<String> {
    let mut found = Vec::new();
    let mut looked_at = config.clone();
    walk(&mut looked_at, "", false, &mut |key| {
        found.push(key.to_owned());
        None
    });
    found
}

/// Puts a reference in the place of each secret that is a literal; `name` is asked, with the path of the key, for the
/// name of the secret that is referred to.
pub(crate) fn redact(config: &mut Json, mut name: impl FnMut(&str) -> String) {
    walk(config, "", false, &mut |key| Some(name(key)));
}

/// Tells `found` of each literal by the path of its key, and refers to the secret that it names instead, if it does.
fn walk(value: &mut Json, path: &str, secret: bool, found: &mut dyn FnMut(&str) -> Option<String>) {
    match value {
        Json::Object(members) => {
            for (key, member) in members {
                let below = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                let secret = (secret || is_secret(key)) && !NO_SECRETS.contains(&&*below);
                walk(member, &below, secret, found);
            }
        }
        Json::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                walk(item, &format!("{path}[{index}]"), secret, found);
            }
        }
        Json::String(text) if secret && !text.is_empty() && !refers(text) => {
            if let Some(name) = found(path) {
                *text = reference(&name);
            }
        }
        Json::String(text) => {
            let password = url_password(text).filter(|password| !refers(password));
            if let Some(password) = password
                && let Some(name) = found(path)
            {
                // The only `:` that is followed by it and then by an `@`.
                let (was, now) = (format!(":{password}@"), format!(":{}@", reference(&name)));
                *text = text.replacen(&was, &now, 1);
            }
        }
        Json::Number(_) if secret => {
            if let Some(name) = found(path) {
                *value = Json::String(reference(&name));
            }
        }
        _ => {}
    }
}

fn reference(name: &str) -> String {
    format!("${{secret:{name}}}")
}

fn is_secret(key: &str) -> bool {
    let plain: String = key
        .chars()
        .filter(|c| !matches!(c, '_' | '-' | ' ' | '.'))
        .flat_map(char::to_lowercase)
        .collect();
    plain == "auth" || SECRET_WORDS.iter().any(|word| plain.contains(word))
}

/// Whether a text is a reference, alone or behind one word such as `Bearer`.
fn refers(text: &str) -> bool {
    let value = match text.split_once(' ') {
        Some((scheme, value)) if scheme.chars().all(char::is_alphabetic) && scheme.len() <= 10 => {
            value
        }
        _ => text,
    };
    let name = value
        .strip_prefix("${env:")
        .or_else(|| value.strip_prefix("${secret:"));
    let name = name.and_then(|rest| rest.strip_suffix('}'));
    name.is_some_and(|name| {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
    })
}

/// The password in `scheme://user:password@host`.
fn url_password(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (user, _) = authority.rsplit_once('@')?;
    let password = &user[colon(user)? + 1..];
    (!password.is_empty()).then_some(password)
}

/// Where the first colon is that is part of no reference.
fn colon(user: &str) -> Option<usize> {
    let mut within = false;
    user.char_indices().find_map(|(at, letter)| {
        match letter {
            '$' if user[at..].starts_with("${env:") || user[at..].starts_with("${secret:") => {
                within = true;
            }
            '}' => within = false,
            ':' if !within => return Some(at),
            _ => {}
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn literals_are_refused_by_the_path_of_their_key() {
        for (config, key) in [
            (json!({"password": "hunter2"}), "password"),
            (json!({"auth": {"apiKey": "abc"}}), "auth.apiKey"),
            (
                json!({"headers": {"Authorization": "Bearer abc"}}),
                "headers.Authorization",
            ),
            (json!({"tokens": ["a"]}), "tokens[0]"),
            (json!({"client-secret": 12345}), "client-secret"),
            (json!({"url": "postgres://me:pw@host/db"}), "url"),
            (json!({"password": "x${env:A}"}), "password"),
            (json!({"password": "${env:}"}), "password"),
            (
                json!({"auth": {"basic": {"user": "me", "password": "hunter2"}}}),
                "auth.basic.password",
            ),
            (
                json!({"auth": {"header": {"name": "X-Key", "value": "hunter2"}}}),
                "auth.header.value",
            ),
            (json!({"auth": {"bearer": "hunter2"}}), "auth.bearer"),
            (json!({"auth": {"user": "me"}}), "auth.user"),
        ] {
            match check(&config) {
                Err(StoreError::SecretLiteral { key: found }) => assert_eq!(found, key),
                other => panic!("{config}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_is_redacted_is_refused_no_more_and_nothing_else_changes() {
        let mut config = json!({
            "path": "/data/a.csv",
            "auth": {"user": "me", "pin": 12345, "none": null},
            "tokens": ["a", "${env:B}"],
            "url": "postgres://me:p:w@host:5432/db",
        });
        assert_eq!(
            literals(&config),
            ["auth.user", "auth.pin", "tokens[0]", "url"]
        );
        redact(&mut config, |key| {
            key.replace(|c: char| !c.is_alphanumeric(), "_")
        });
        assert_eq!(
            config,
            json!({
                "path": "/data/a.csv",
                "auth": {"user": "${secret:auth_user}", "pin": "${secret:auth_pin}", "none": null},
                "tokens": ["${secret:tokens_0_}", "${env:B}"],
                "url": "postgres://me:${secret:url}@host:5432/db",
            })
        );
        check(&config).unwrap();
    }

    #[test]
    fn references_and_ordinary_values_are_kept() {
        check(&json!({
            "path": "/data/a.csv",
            "password": "${secret:db}",
            "headers": {"Authorization": "Bearer ${env:TOKEN}", "Accept": "text/csv"},
            "url": "postgres://me:${secret:db}@host/db",
            "page": 1,
            "key": "tailnum",
            "token": null,
            "site": "https://example.com/a@b:c",
        }))
        .unwrap();
        for auth in [
            json!({"basic": {"user": "me", "password": "${secret:pw}"}}),
            json!({"header": {"name": "X-Api-Key", "value": "${env:KEY}"}}),
            json!({"query": {"name": "api_key", "value": "${secret:KEY}"}}),
        ] {
            check(&json!({ "auth": auth })).unwrap();
        }
    }
}
