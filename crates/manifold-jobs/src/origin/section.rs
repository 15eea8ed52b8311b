//! A part of a source's config, read key by key.

use manifold_format::Typing;
use serde_json::{Map, Value as Json};

use crate::JobError;

/// The error code of a config that says nothing that can be done.
const BAD_ORIGIN: &str = "bad_origin";

/// An object in a source's config. What is wrong is told with the source and the key, and never with the value, which may be a
/// secret in the wrong place.
#[derive(Debug, Clone)]
pub(crate) struct Section<'a> {
    source: &'a str,
    path: String,
    members: &'a Map<String, Json>,
}

impl<'a> Section<'a> {
    /// The whole config of a source.
    pub(crate) fn of(source: &'a str, config: &'a Json) -> Result<Self, JobError> {
        let members = config.as_object().ok_or_else(|| {
            JobError::failed(BAD_ORIGIN, &format!("the config of {source} is no object"))
        })?;
        Ok(Self {
            source,
            path: String::new(),
            members,
        })
    }

    /// Refuses keys that are not among these.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), JobError> {
        let unknown = |key: &&String| !known.contains(&key.as_str());
        match self.members.keys().find(unknown) {
            None => Ok(()),
            Some(key) => {
                let known = known.join(", ");
                Err(self.wrong(key, &format!("is not known here; there are {known}")))
            }
        }
    }

    /// An error about a key of this section.
    pub(crate) fn wrong(&self, key: &str, what: &str) -> JobError {
        self.told(&self.path_of(key), what)
    }

    /// An error about this section.
    pub(crate) fn wrong_itself(&self, what: &str) -> JobError {
        self.told(&self.path, what)
    }

    fn told(&self, path: &str, what: &str) -> JobError {
        let source = self.source;
        JobError::failed(
            BAD_ORIGIN,
            &format!("in the config of {source}, `{path}` {what}"),
        )
    }

    fn path_of(&self, key: &str) -> String {
        match &*self.path {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        }
    }

    /// The value of a key; `null` is as good as none.
    pub(crate) fn value(&self, key: &str) -> Option<&'a Json> {
        self.members.get(key).filter(|value| !value.is_null())
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// The keys of this section, with their values.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&'a String, &'a Json)> {
        self.members.iter()
    }

    pub(crate) fn text(&self, key: &str) -> Result<Option<&'a str>, JobError> {
        match self.value(key) {
            None => Ok(None),
            Some(Json::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => Err(self.wrong(key, "is text in quotes, and not empty")),
        }
    }

    /// A text that must be there.
    pub(crate) fn needed(&self, key: &str) -> Result<&'a str, JobError> {
        self.text(key)?
            .ok_or_else(|| self.wrong(key, "is missing; it is text in quotes"))
    }

    /// A whole number that is not less than `least`.
    pub(crate) fn number(&self, key: &str, least: u64) -> Result<Option<u64>, JobError> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        let number = value.as_u64().filter(|number| *number >= least);
        let wrong = || self.wrong(key, &format!("is a whole number, at least {least}"));
        number.map(Some).ok_or_else(wrong)
    }

    /// One of a few words; where it is not said, the first of them.
    pub(crate) fn one_of<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Result<T, JobError> {
        let said = self.value(key).map(Json::as_str);
        let found = match said {
            None => words.first(),
            Some(said) => words.iter().find(|(word, _)| said == Some(*word)),
        };
        found.map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.wrong(key, &format!("is one of {}", words.join(", ")))
        })
    }

    /// An object under a key.
    pub(crate) fn section(&self, key: &str) -> Result<Option<Self>, JobError> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        let members = value
            .as_object()
            .ok_or_else(|| self.wrong(key, "is an object: {..}"))?;
        Ok(Some(Self {
            source: self.source,
            path: self.path_of(key),
            members,
        }))
    }

    /// What stands for NULL: a list of what `import --null` says, or one.
    pub(crate) fn nulls(&self, key: &str) -> Result<Typing, JobError> {
        let wrong = || self.wrong(key, "is a token in quotes, or a list of them");
        let values = match self.value(key) {
            None => &[],
            Some(Json::Array(values)) => values.as_slice(),
            Some(value) => std::slice::from_ref(value),
        };
        let mut typing = Typing::default();
        for value in values {
            typing.say_null(value.as_str().ok_or_else(wrong)?);
        }
        Ok(typing)
    }

    /// The names of members that lead to a value: `data.items`, or a list of names where one has a point in it.
    pub(crate) fn path(&self, key: &str) -> Result<Option<Vec<String>>, JobError> {
        let wrong = || {
            self.wrong(
                key,
                "is a path such as \"data.items\", or a list of names such as [\"data\", \"items\"]",
            )
        };
        let names: Option<Vec<String>> = match self.value(key) {
            None => return Ok(None),
            Some(Json::String(path)) => Some(path.split('.').map(str::to_owned).collect()),
            Some(Json::Array(names)) => {
                let names = names.iter().map(|name| name.as_str().map(str::to_owned));
                names.collect()
            }
            Some(_) => None,
        };
        let names = names.filter(|names| !names.is_empty() && names.iter().all(|n| !n.is_empty()));
        names.map(Some).ok_or_else(wrong)
    }
}
