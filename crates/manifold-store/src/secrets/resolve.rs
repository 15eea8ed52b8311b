//! Puts secrets where a config refers to them.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value as Json;

use super::{Secret, SecretsError, check_name};

/// A config with its secrets in place. It cannot be printed or serialized by accident: only
/// [`ResolvedConfig::expose`] gives the config.
#[derive(Clone, PartialEq)]
pub struct ResolvedConfig(Json);

impl ResolvedConfig {
    /// The config itself, for the connection that needs it.
    #[must_use]
    pub fn expose(&self) -> &Json {
        &self.0
    }
}

impl fmt::Debug for ResolvedConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResolvedConfig([secret])")
    }
}

/// Replaces the references in every text of the config. `secrets` is asked once, if at all.
pub(super) fn resolve(
    config: &Json,
    environment: impl FnMut(&str) -> Option<String>,
    secrets: impl FnOnce() -> Result<BTreeMap<String, Secret>, SecretsError>,
) -> Result<ResolvedConfig, SecretsError> {
    let mut lookup = Lookup {
        environment,
        unread: Some(secrets),
        secrets: BTreeMap::new(),
    };
    lookup.walk(config, "").map(ResolvedConfig)
}

struct Lookup<E, S> {
    environment: E,
    unread: Option<S>,
    secrets: BTreeMap<String, Secret>,
}

impl<E, S> Lookup<E, S>
where
    E: FnMut(&str) -> Option<String>,
    S: FnOnce() -> Result<BTreeMap<String, Secret>, SecretsError>,
{
    fn walk(&mut self, value: &Json, path: &str) -> Result<Json, SecretsError> {
        Ok(match value {
            Json::Object(members) => {
                let mut resolved = serde_json::Map::with_capacity(members.len());
                for (key, member) in members {
                    let below = if path.is_empty() {
                        key.clone()
                    } else {
                        format!("{path}.{key}")
                    };
                    resolved.insert(key.clone(), self.walk(member, &below)?);
                }
                Json::Object(resolved)
            }
            Json::Array(items) => {
                let items = items.iter().enumerate();
                Json::Array(
                    items
                        .map(|(index, item)| self.walk(item, &format!("{path}[{index}]")))
                        .collect::<Result<_, _>>()?,
                )
            }
            Json::String(text) => Json::String(self.text(text, path)?),
            other => other.clone(),
        })
    }

    /// What a reference stands for is not looked into again: a secret may hold `${` itself.
    fn text(&mut self, text: &str, key: &str) -> Result<String, SecretsError> {
        let mut resolved = String::new();
        let mut rest = text;
        while let Some((at, kind, prefix)) = next_reference(rest) {
            resolved.push_str(&rest[..at]);
            let behind = &rest[at + prefix.len()..];
            let bad = || SecretsError::BadReference {
                key: key.to_owned(),
            };
            let (name, after) = behind.split_once('}').ok_or_else(bad)?;
            check_name(name).map_err(|_| bad())?;
            resolved.push_str(&self.value(kind, name, key)?);
            rest = after;
        }
        resolved.push_str(rest);
        Ok(resolved)
    }

    fn value(&mut self, kind: Kind, name: &str, key: &str) -> Result<String, SecretsError> {
        let (key, name) = (|| key.to_owned(), || name.to_owned());
        match kind {
            Kind::Variable => (self.environment)(&name()).ok_or_else(|| SecretsError::NoVariable {
                key: key(),
                name: name(),
            }),
            Kind::Secret => {
                if let Some(read) = self.unread.take() {
                    self.secrets = read()?;
                }
                let secret = self
                    .secrets
                    .get(&name())
                    .map(|secret| secret.expose().to_owned());
                secret.ok_or_else(|| SecretsError::NoSecret {
                    key: key(),
                    name: name(),
                })
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Variable,
    Secret,
}

/// Where the next reference begins, what it refers to, and how it begins.
fn next_reference(text: &str) -> Option<(usize, Kind, &'static str)> {
    [(Kind::Variable, "${env:"), (Kind::Secret, "${secret:")]
        .into_iter()
        .filter_map(|(kind, prefix)| text.find(prefix).map(|at| (at, kind, prefix)))
        .min_by_key(|(at, ..)| *at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn resolved(config: &Json) -> Result<Json, SecretsError> {
        let secrets = || {
            Ok(BTreeMap::from([(
                "db".to_owned(),
                Secret::from("p${env:A}w".to_owned()),
            )]))
        };
        let environment = |name: &str| (name == "TOKEN").then(|| "t0k".to_owned());
        resolve(config, environment, secrets).map(|config| config.expose().clone())
    }

    #[test]
    fn references_are_replaced_wherever_they_stand() {
        let config = json!({
            "url": "postgres://me:${secret:db}@host/${env:TOKEN}",
            "headers": ["Bearer ${env:TOKEN}", 7, null],
            "plain": "${other:x} $ {env:A} }",
        });
        assert_eq!(
            resolved(&config).unwrap(),
            json!({
                "url": "postgres://me:p${env:A}w@host/t0k",
                "headers": ["Bearer t0k", 7, null],
                "plain": "${other:x} $ {env:A} }",
            })
        );
    }

    #[test]
    fn what_is_missing_is_named_with_its_key() {
        for (config, message) in [
            (
                json!({"auth": {"token": "${env:NOPE}"}}),
                "`auth.token` needs the environment variable `NOPE`",
            ),
            (
                json!({"a": ["${secret:nope}"]}),
                "`a[0]` needs secret `nope`",
            ),
            (json!({"a": "${secret:x"}), "`a` has a reference"),
            (json!({"a": "${env:}"}), "`a` has a reference"),
            (json!({"a": "${secret:hunter 2}"}), "`a` has a reference"),
        ] {
            let error = resolved(&config).unwrap_err().to_string();
            assert!(
                error.contains(message) && !error.contains("hunter"),
                "{error}"
            );
        }
    }

    #[test]
    fn the_file_is_read_only_when_it_is_needed() {
        let unread = || panic!("nothing refers to a secret");
        resolve(
            &json!({"a": "${env:A}", "b": "x"}),
            |_| Some(String::new()),
            unread,
        )
        .unwrap();
    }

    proptest! {
        #[test]
        fn text_without_references_stays_as_it_is(text in any::<String>()) {
            prop_assume!(!text.contains("${env:") && !text.contains("${secret:"));
            prop_assert_eq!(resolved(&json!([text.clone()])).unwrap(), json!([text]));
        }

        #[test]
        fn a_secret_arrives_as_it_is(secret in any::<String>(), before in "[a-z$ {]*", after in "[a-z} ]*") {
            let config = json!(format!("{before}${{secret:s}}{after}"));
            let secrets = || Ok(BTreeMap::from([("s".to_owned(), Secret::from(secret.clone()))]));
            let resolved = resolve(&config, |_| None, secrets).unwrap();
            prop_assert_eq!(resolved.expose(), &json!(format!("{before}{secret}{after}")));
            prop_assert_eq!(format!("{resolved:?}"), "ResolvedConfig([secret])");
        }
    }
}
