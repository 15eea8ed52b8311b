//! Latencies, CPU time and memory of a step, as one JSON line.

use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

/// Measures the steps of one profile.
pub(crate) struct Meter {
    profile: String,
}

/// A step that is being measured.
pub(crate) struct Step {
    name: &'static str,
    profile: String,
    begun: Instant,
    cpu_ms: f64,
    latencies: Vec<f64>,
}

impl Meter {
    pub(crate) fn new(profile: &str) -> Self {
        Self {
            profile: profile.to_owned(),
        }
    }

    pub(crate) fn step(&self, name: &'static str) -> Step {
        Step {
            name,
            profile: self.profile.clone(),
            latencies: Vec::new(),
            cpu_ms: cpu_ms(),
            begun: Instant::now(),
        }
    }
}

/// Does one operation and says how long it took.
pub(crate) async fn timed<T>(operation: impl Future<Output = T>) -> (T, Duration) {
    let begun = Instant::now();
    let done = operation.await;
    (done, begun.elapsed())
}

impl Step {
    /// Does one operation of the step.
    pub(crate) async fn time<T>(&mut self, operation: impl Future<Output = T>) -> T {
        let (done, took) = timed(operation).await;
        self.push(took);
        done
    }

    pub(crate) fn push(&mut self, took: Duration) {
        self.latencies.push(took.as_secs_f64() * 1e3);
    }

    /// Prints the line of a step whose operations ran one after the other.
    pub(crate) fn end(self, more: &Json) {
        let busy: f64 = self.latencies.iter().sum();
        self.print(busy, more);
    }

    /// Prints the line of a step whose operations ran at the same time.
    pub(crate) fn end_parallel(self, more: &Json) {
        let wall = self.begun.elapsed().as_secs_f64() * 1e3;
        self.print(wall, more);
    }

    fn print(mut self, busy_ms: f64, more: &Json) {
        let cpu_ms = cpu_ms() - self.cpu_ms;
        self.latencies.sort_by(f64::total_cmp);
        let n = self.latencies.len();
        let quantile = |part: f64| self.latencies[((part * n as f64) as usize).min(n - 1)];
        let mut line = json!({
            "kit": "wcore",
            "peer": "manifold",
            "profile": self.profile,
            "step": self.name,
            "n": n,
            "ops_s": rounded(n as f64 / busy_ms * 1e3, 1),
            "p50_ms": rounded(quantile(0.5), 4),
            "p99_ms": rounded(quantile(0.99), 4),
            "cpu_ms_op": rounded(cpu_ms / n as f64, 4),
            "rss_mb": rounded(rss_mb(), 1),
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            line[key] = value.clone();
        }
        println!("{line}");
    }
}

fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

/// CPU time of this process so far: user and system, every thread.
fn cpu_ms() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

/// What this process has in memory; 0 where the system does not tell.
fn rss_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or_default() / 1024.0
}
