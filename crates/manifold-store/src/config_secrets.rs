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

/// Checks that no secret stands in a config as a literal: every text under a key that looks like a secret's,
/// and every password inside a URL, must be made of references `${env:NAME}` or `${secret:NAME}`.
///
/// # Errors
/// [`StoreError::SecretLiteral`] with the path of the key.
pub(crate) fn check(config: &Json) -> Result<(), StoreError> {
    walk(config, "", false)
}

fn walk(value: &Json, path: &str, secret: bool) -> Result<(), StoreError> {
    let literal = || StoreError::SecretLiteral {
        key: path.to_owned(),
    };
    match value {
        Json::Object(members) => {
            for (key, member) in members {
                let below = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                walk(member, &below, secret || is_secret(key))?;
            }
            Ok(())
        }
        Json::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| walk(item, &format!("{path}[{index}]"), secret)),
        Json::String(text) if secret && !text.is_empty() && !refers(text) => Err(literal()),
        Json::String(text) if url_password(text).is_some_and(|password| !refers(password)) => {
            Err(literal())
        }
        Json::Number(_) if secret => Err(literal()),
        _ => Ok(()),
    }
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
    let (_, password) = user.split_once(':')?;
    (!password.is_empty()).then_some(password)
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
        ] {
            match check(&config) {
                Err(StoreError::SecretLiteral { key: found }) => assert_eq!(found, key),
                other => panic!("{config}: {other:?}"),
            }
        }
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
    }
}
