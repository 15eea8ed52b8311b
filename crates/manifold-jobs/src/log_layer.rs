//! Takes what is logged with `tracing` during an attempt into the log of its job.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, PoisonError, RwLock};

use entity_core::enums::LogLevel;
use manifold_store::{Claim, LogBuffer, LogLine, Timestamp};
use serde_json::{Map, Value as Json};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::Id;
use tracing::{Event, Level, Span, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// A layer of a [`tracing_subscriber`] that takes the events of an attempt, those of its blocking threads included,
/// into the log of its job. An event belongs to an attempt when it happens within its span, `attempt`.
///
/// It never waits and writes nothing by itself: the attempt writes its lines down twice a second and before it ends.
///
/// ```
/// use manifold_jobs::JobLogLayer;
/// use tracing_subscriber::layer::SubscriberExt as _;
/// use tracing_subscriber::util::SubscriberInitExt as _;
///
/// tracing_subscriber::registry()
///     .with(tracing_subscriber::fmt::layer())
///     .with(JobLogLayer::default())
///     .init();
/// ```
#[derive(Debug)]
pub struct JobLogLayer {
    attempts: RwLock<HashMap<Id, Arc<LogBuffer>>>,
    least: Level,
}

impl Default for JobLogLayer {
    /// Takes information, warnings and errors.
    fn default() -> Self {
        Self::of(Level::INFO)
    }
}

impl JobLogLayer {
    /// A layer that takes events of this level and of those that are more serious.
    #[must_use]
    pub fn of(level: Level) -> Self {
        Self {
            attempts: RwLock::default(),
            least: level,
        }
    }

    fn attach(&self, span: &Id, lines: Arc<LogBuffer>) {
        let mut attempts = self
            .attempts
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        attempts.insert(span.clone(), lines);
    }
}

/// The span of an attempt; what is logged within it goes to `lines`, if the subscriber has a [`JobLogLayer`].
pub(crate) fn span(claim: &Claim, lines: &Arc<LogBuffer>) -> Span {
    // Of the most serious level, so that a filter for what is shown does not take it away.
    let span = tracing::error_span!(
        "attempt",
        job.id = %claim.job_id,
        job.kind = %claim.job.kind,
        attempt = claim.attempt
    );
    span.with_subscriber(|(id, subscriber)| {
        if let Some(layer) = subscriber.downcast_ref::<JobLogLayer>() {
            layer.attach(id, lines.clone());
        }
    });
    span
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for JobLogLayer {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if event.metadata().level() > &self.least {
            return;
        }
        let Some(mut scope) = context.event_scope(event) else {
            return;
        };
        let attempts = self.attempts.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(lines) = scope.find_map(|span| attempts.get(&span.id())) {
            lines.push(line(event));
        }
    }

    fn on_close(&self, id: Id, _context: Context<'_, S>) {
        let mut attempts = self
            .attempts
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        attempts.remove(&id);
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.least.into())
    }
}

fn line(event: &Event<'_>) -> LogLine {
    let mut words = Words::default();
    event.record(&mut words);
    LogLine {
        at: Timestamp::now(),
        level: match *event.metadata().level() {
            Level::ERROR => LogLevel::Error,
            Level::WARN => LogLevel::Warn,
            Level::INFO => LogLevel::Info,
            Level::DEBUG => LogLevel::Debug,
            Level::TRACE => LogLevel::Trace,
        },
        target: event.metadata().target().to_owned(),
        message: words.message,
        fields: (!words.fields.is_empty()).then_some(Json::Object(words.fields)),
    }
}

/// The message of an event and its fields.
#[derive(Default)]
struct Words {
    message: String,
    fields: Map<String, Json>,
}

impl Words {
    fn add(&mut self, field: &Field, value: impl Into<Json>) {
        self.fields.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            self.add(field, format!("{value:?}"));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            self.add(field, value);
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }
}
